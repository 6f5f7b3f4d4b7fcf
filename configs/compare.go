// SPDX-License-Identifier: BSD-3-Clause

package configs

// Comparison says how emulator and solver are compared in error and cost. The
// processor time of data set and training comes from the manifests of these jobs.
type Comparison struct {
	Samples   int    `toml:"samples" unit:"-" default:"32" allow:"1..100000" doc:"Held-out samples to image by all methods, evenly spread over the part"`
	Repeats   int    `toml:"repeats" unit:"-" default:"5" allow:"1..1000" doc:"Timed passes over them, the methods in turn, after one to warm up"`
	Batch     int    `toml:"batch" unit:"-" default:"16" allow:"1..4096" doc:"Images that the network makes at once; one at a time is measured too"`
	Molecule  string `toml:"molecule" unit:"-" default:"\"co\"" path:"input" doc:"co for the CO data inside the program, or a file in LAMDA format: the molecule of the data set"`
	Generated string `toml:"generated" unit:"-" need:"no" path:"input" doc:"Manifest that columen generate left beside the data set, NAME.generate.json; without it nobody knows what the data set cost"`
	Trained   string `toml:"trained" unit:"-" need:"no" path:"input" doc:"Manifest that columen train left beside the weights, NAME.train.json; without it nobody knows what the training cost"`
}

// inputs returns the files of the comparison.
func (c *Comparison) inputs() []Input {
	var in []Input
	if c == nil {
		return in
	}
	if c.Molecule != BuiltinCO {
		in = append(in, Input{"compare.molecule", c.Molecule})
	}
	if c.Generated != "" {
		in = append(in, Input{"compare.generated", c.Generated})
	}
	if c.Trained != "" {
		in = append(in, Input{"compare.trained", c.Trained})
	}
	return in
}
