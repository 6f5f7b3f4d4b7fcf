// SPDX-License-Identifier: BSD-3-Clause

package device

// Scalar is the reference device: the plain kernels of this package on the
// memory of a store. Its results do not depend on the number of threads.
type Scalar[T Float] struct {
	Store[T]
	threads int
}

// NewScalar returns the reference device on the host's memory, working with up
// to the given number of threads (at least one).
func NewScalar[T Float](threads int) *Scalar[T] { return NewScalarOn[T](HostStore[T]{}, threads) }

// NewScalarOn returns the reference device on the memory of a store.
func NewScalarOn[T Float](store Store[T], threads int) *Scalar[T] {
	return &Scalar[T]{Store: store, threads: max(1, threads)}
}

// Name returns "scalar".
func (s *Scalar[T]) Name() string { return "scalar" }

// at returns the first n values of a buffer, which must hold exactly n.
func (s *Scalar[T]) at(b Buffer[T], n int) []T {
	v := s.Resolve(b)
	if len(v) != n {
		panic("device: a buffer has not the length that the operation needs")
	}
	return v
}

// ConvForward calls the function of this name.
func (s *Scalar[T]) ConvForward(c Conv, batch int, x, w, bias, y Buffer[T]) {
	ConvForward(s.threads, c, batch, s.at(x, c.InLen(batch)), s.at(w, c.WeightLen()), s.at(bias, c.Out), s.at(y, c.OutLen(batch)))
}

// ConvBackwardData calls the function of this name.
func (s *Scalar[T]) ConvBackwardData(c Conv, batch int, dy, w, dx Buffer[T]) {
	ConvBackwardData(s.threads, c, batch, s.at(dy, c.OutLen(batch)), s.at(w, c.WeightLen()), s.at(dx, c.InLen(batch)))
}

// ConvBackwardWeights calls the function of this name.
func (s *Scalar[T]) ConvBackwardWeights(c Conv, batch int, x, dy, dw, db Buffer[T]) {
	ConvBackwardWeights(s.threads, c, batch, s.at(x, c.InLen(batch)), s.at(dy, c.OutLen(batch)), s.at(dw, c.WeightLen()), s.at(db, c.Out))
}

// BatchNormStats calls the function of this name.
func (s *Scalar[T]) BatchNormStats(n BatchNorm, x Buffer[T], st NormState[T]) {
	BatchNormStats(s.threads, n, s.at(x, n.Len()), s.at(st.Mean, n.Channels), s.at(st.Variance, n.Channels))
}

// BatchNormMoments calls the function of this name.
func (s *Scalar[T]) BatchNormMoments(n BatchNorm, x Buffer[T], moments []float64) {
	BatchNormMoments(s.threads, n, s.at(x, n.Len()), moments)
}

// BatchNormTrack calls the function of this name.
func (s *Scalar[T]) BatchNormTrack(count int, momentum float64, st NormState[T], runningMean, runningVar Buffer[T]) {
	n := st.Mean.Len()
	BatchNormTrack(count, momentum, s.at(st.Mean, n), s.at(st.Variance, n), s.at(runningMean, n), s.at(runningVar, n))
}

// BatchNormFold calls the function of this name.
func (s *Scalar[T]) BatchNormFold(n BatchNorm, gamma, beta Buffer[T], st NormState[T]) {
	c := n.Channels
	BatchNormFold(n.Eps, s.at(gamma, c), s.at(beta, c), s.at(st.Mean, c), s.at(st.Variance, c), s.at(st.Scale, c), s.at(st.Shift, c))
}

// BatchNormApply calls the function of this name.
func (s *Scalar[T]) BatchNormApply(n BatchNorm, st NormState[T], x, residual, y Buffer[T]) {
	var add []T
	if residual != nil {
		add = s.at(residual, n.Len())
	}
	BatchNormApply(s.threads, n, s.at(x, n.Len()), s.at(st.Scale, n.Channels), s.at(st.Shift, n.Channels), add, s.at(y, n.Len()))
}

// BatchNormSums calls the function of this name.
func (s *Scalar[T]) BatchNormSums(n BatchNorm, st NormState[T], x, dy, dgamma, dbeta Buffer[T]) {
	c := n.Channels
	BatchNormSums(s.threads, n, s.at(x, n.Len()), s.at(dy, n.Len()), s.at(st.Mean, c), s.at(st.Variance, c), s.at(st.Scale, c), s.at(st.Shift, c),
		s.at(dgamma, c), s.at(dbeta, c))
}

// BatchNormPartSums calls the function of this name.
func (s *Scalar[T]) BatchNormPartSums(n BatchNorm, st NormState[T], x, dy Buffer[T], sums []float64) {
	c := n.Channels
	BatchNormPartSums(s.threads, n, s.at(x, n.Len()), s.at(dy, n.Len()), s.at(st.Mean, c), s.at(st.Variance, c), s.at(st.Scale, c), s.at(st.Shift, c), sums)
}

// BatchNormBackward calls the function of this name.
func (s *Scalar[T]) BatchNormBackward(n BatchNorm, st NormState[T], x, dy, dgamma, dbeta, dx Buffer[T]) {
	c := n.Channels
	BatchNormBackward(s.threads, n, s.at(x, n.Len()), s.at(dy, n.Len()), s.at(st.Mean, c), s.at(st.Variance, c), s.at(st.Scale, c), s.at(st.Shift, c),
		s.at(dgamma, c), s.at(dbeta, c), s.at(dx, n.Len()))
}

// MaxPoolForward calls the function of this name.
func (s *Scalar[T]) MaxPoolForward(p Pool, x, y Buffer[T]) {
	MaxPoolForward(s.threads, p, s.at(x, p.FineLen()), s.at(y, p.CoarseLen()))
}

// MaxPoolBackward calls the function of this name.
func (s *Scalar[T]) MaxPoolBackward(p Pool, x, dy, dx Buffer[T]) {
	MaxPoolBackward(s.threads, p, s.at(x, p.FineLen()), s.at(dy, p.CoarseLen()), s.at(dx, p.FineLen()))
}

// UpsampleForward calls the function of this name.
func (s *Scalar[T]) UpsampleForward(p Pool, x, y Buffer[T]) {
	UpsampleForward(s.threads, p, s.at(x, p.CoarseLen()), s.at(y, p.FineLen()))
}

// UpsampleBackward calls the function of this name.
func (s *Scalar[T]) UpsampleBackward(p Pool, dy, dx Buffer[T]) {
	UpsampleBackward(s.threads, p, s.at(dy, p.FineLen()), s.at(dx, p.CoarseLen()))
}

// ReLU calls the function of this name.
func (s *Scalar[T]) ReLU(x, y Buffer[T]) { ReLU(s.at(x, y.Len()), s.Resolve(y)) }

// ReLUBackward calls the function of this name.
func (s *Scalar[T]) ReLUBackward(y, dy, dx Buffer[T]) {
	ReLUBackward(s.Resolve(y), s.at(dy, y.Len()), s.at(dx, y.Len()))
}

// Tanh calls the function of this name.
func (s *Scalar[T]) Tanh(x, y Buffer[T]) { Tanh(s.at(x, y.Len()), s.Resolve(y)) }

// TanhBackward calls the function of this name.
func (s *Scalar[T]) TanhBackward(y, dy, dx Buffer[T]) {
	TanhBackward(s.Resolve(y), s.at(dy, y.Len()), s.at(dx, y.Len()))
}

// Axpy calls the function of this name.
func (s *Scalar[T]) Axpy(a T, x, y Buffer[T]) { Axpy(a, s.at(x, y.Len()), s.Resolve(y)) }

// Scale calls the function of this name.
func (s *Scalar[T]) Scale(a T, x Buffer[T]) { Scale(a, s.Resolve(x)) }

// SumSquares calls the function of this name.
func (s *Scalar[T]) SumSquares(x, out Buffer[T]) { s.at(out, 1)[0] = T(SumSquares(s.Resolve(x))) }

// LinearForward calls the function of this name.
func (s *Scalar[T]) LinearForward(l Linear, batch int, x, w, bias, y Buffer[T]) {
	LinearForward(s.threads, l, batch, s.at(x, batch*l.In), s.at(w, l.MACs()), s.at(bias, l.Out), s.at(y, batch*l.Out))
}

// LinearSums calls the function of this name.
func (s *Scalar[T]) LinearSums(l Linear, batch int, x, w Buffer[T], sums []float64) {
	LinearSums(s.threads, l, batch, s.at(x, batch*l.In), s.at(w, l.MACs()), sums)
}

// LinearBackwardSums calls the function of this name.
func (s *Scalar[T]) LinearBackwardSums(l Linear, batch int, dy, w Buffer[T], sums []float64) {
	LinearBackwardSums(s.threads, l, batch, s.at(dy, batch*l.Out), s.at(w, l.MACs()), sums)
}

// LinearBackwardData calls the function of this name.
func (s *Scalar[T]) LinearBackwardData(l Linear, batch int, dy, w, dx Buffer[T]) {
	LinearBackwardData(s.threads, l, batch, s.at(dy, batch*l.Out), s.at(w, l.MACs()), s.at(dx, batch*l.In))
}

// LinearBackwardWeights calls the function of this name.
func (s *Scalar[T]) LinearBackwardWeights(l Linear, batch int, x, dy, dw, db Buffer[T]) {
	LinearBackwardWeights(s.threads, l, batch, s.at(x, batch*l.In), s.at(dy, batch*l.Out), s.at(dw, l.MACs()), s.at(db, l.Out))
}

// LinearBackwardSlots calls the function of this name.
func (s *Scalar[T]) LinearBackwardSlots(l Linear, bounds []int, x, dy, dw, db Buffer[T]) {
	batch := bounds[len(bounds)-1]
	var bias []T
	if db != nil {
		bias = s.at(db, l.Out)
	}
	LinearBackwardSlots(s.threads, l, bounds, s.at(x, batch*l.In), s.at(dy, batch*l.Out), s.at(dw, l.MACs()), bias)
}

// Adam calls the function of this name.
func (s *Scalar[T]) Adam(a AdamStep, p, g, m, v Buffer[T]) {
	n := p.Len()
	Adam(s.threads, a, s.Resolve(p), s.at(g, n), s.at(m, n), s.at(v, n))
}
