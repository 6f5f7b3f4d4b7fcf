// SPDX-License-Identifier: BSD-3-Clause

// Package train teaches a network its data set: Trainer.Run is the main loop.
//
//	for batches of the data set, in the order of a keyed permutation:
//	    images ← network(input);  loss ← α·MSE + (1 − α)·mean|ΔFFT₂|
//	    gradients ← backward;  clip;  Adam step at the scheduled rate
//	    at the end of an epoch: validate, record, save, stop early
//
// # Restart
//
// What a step does is a function of the options, the data set and the state
// that a checkpoint holds: values and running statistics, both moments, the
// number of steps and the place in the data. Order and augmentation are
// functions of place. So a run that was stopped anywhere and continued equals
// an uninterrupted one bit for bit. A checkpoint is written at the end of
// epochs, at intervals inside them, and at the next step boundary when the context
// ends. All but the last are written behind training where Options.Behind says so:
// from a copy, by a goroutine that calls no Team; the ranks agree at step
// boundaries on its stages.
//
// # Losses that are wrong
//
// Guard says what is done about losses that are not finite and about outliers. A
// batch that is passed over leaves no trace, and values that are not finite are
// never saved.
//
// # Files
//
// The folder of a run holds the checkpoints (step-…), history.jsonl with one
// line per epoch, and events.out.tfevents.columen for TensorBoard. Both are
// made from the history inside the checkpoint when a run continues, so that
// epochs that were lost with a killed process do not appear twice.
package train
