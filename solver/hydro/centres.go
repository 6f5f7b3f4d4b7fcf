// SPDX-License-Identifier: BSD-3-Clause

package hydro

// Centres reads all of a snapshot as points: the centres of its cells, leaf
// after leaf and x fastest in each, with the gas converted to CO as CellAverage
// converts it. Turbulence stays nil: conv.VTurbMs is the same everywhere, which
// the mapping of points is told instead.
func Centres(src Leaves, conv Conversion) (*Points, error) {
	if err := conv.Validate(); err != nil {
		return nil, err
	}
	total := 0
	for i := range src.NumLeaves() {
		n := src.LeafCells(i)
		total += n[0] * n[1] * n[2]
	}
	p := &Points{Density: make([]float64, total), Temperature: make([]float64, total)}
	for a := range p.Position {
		p.Position[a], p.Velocity[a] = make([]float64, total), make([]float64, total)
	}
	perKg := conv.PerKg()
	var leaf Leaf
	first := 0
	for i := range src.NumLeaves() {
		if err := src.ReadLeaf(i, &leaf); err != nil {
			return nil, err
		}
		for o := range leaf.Density {
			p.Density[first+o] = leaf.Density[o] * perKg
			p.Temperature[first+o] = max(leaf.Temperature[o], conv.TemperatureFloorK)
		}
		for a := range leaf.Velocity {
			copy(p.Velocity[a][first:], leaf.Velocity[a])
		}
		placeCentres(p, first, src, i)
		first += len(leaf.Density)
	}
	return p, nil
}

// placeCentres writes the positions of the cells of leaf i, the first of which
// is point first. A centre is a fraction of the leaf, rounded as the faces are.
func placeCentres(p *Points, first int, src Leaves, i int) {
	box, n := src.LeafBox(i), src.LeafCells(i)
	o := first
	for k := range n[2] {
		for j := range n[1] {
			for l := range n[0] {
				for a, c := range [3]int{l, j, k} {
					p.Position[a][o] = edge(box.Min[a], box.Max[a], 2*c+1, 2*n[a])
				}
				o++
			}
		}
	}
}
