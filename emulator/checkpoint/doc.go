// SPDX-License-Identifier: BSD-3-Clause

// Package checkpoint moves named tensors between memory and files:
//
//   - Open and Write: weights in the safetensors format, with the names of the
//     original's state_dict, memory-mapped so that nothing is copied;
//   - OpenTorch: the files of torch.save, as published weights come in;
//   - Store: training checkpoints, which also hold the optimiser's moments and
//     the place in the schedule and the data, checksummed, the last k and the
//     best.
//
// A safetensors file of this package loads into the original's class with
//
//	from safetensors.torch import load_file
//	model.load_state_dict(load_file("weights.safetensors"))
//
// All files are written under a temporary name, synced and renamed, so a file
// under its final name is complete. Equal tensors and metadata give equal bytes.
//
// Tensors are dense and in C order. Numbers are little-endian in all files, and
// views are only offered on little-endian machines, which all targets of this
// module are.
//
// References:
//
//	safetensors, "Format" in the README and the docs of
//	    https://github.com/huggingface/safetensors (version 0.3 and later)
//	PyTorch, notes/serialization ("Saving and loading torch.Tensors"),
//	    https://pytorch.org/docs/stable/notes/serialization.html
//	Python, the library module pickletools, which documents every opcode of the
//	    pickle protocols 0 to 5
package checkpoint
