// SPDX-License-Identifier: BSD-3-Clause

// Package weights moves the values of a network between its device and files,
// together with the Card that says what the network is and what it was trained
// on: without normalisation, cell size and frequencies its numbers mean nothing.
//
// Files have the names of the original's state_dict, so that weights can be
// exchanged with it in both directions. The Card lies in the metadata of a
// safetensors file, where the original does not look.
package weights
