// SPDX-License-Identifier: BSD-3-Clause

// Package parallel trains one network on several ranks. It implements the small
// interfaces through which layers and trainer are cut apart (nn.Parts,
// emulator.Exchange, train.Team, train.Updater) with mpiutil; neither layers nor
// trainer know of ranks.
//
// # Mesh
//
// Rank = (data · tensor + place in tensor) · space + place in space. The ranks of
// a model group (tensor × space, neighbours in rank) see the same samples in the
// dense layers and hold one shard of them each; data counts the groups.
//
//	            group 0          group 1
//	tensor 0    rank 0           rank 2
//	tensor 1    rank 1           rank 3
//	            ├── all-to-all and sum of the latent layer inside a group
//	            └── gradients of a shard summed over groups, those of convolutions over all
//
// Every batch is cut into contiguous ranges, one per rank, for convolutions and
// loss. to_lat is cut by inputs and to_dec by outputs, so that the latent layer
// is all that is summed in a pass (Krizhevsky 2014, arXiv:1404.5997, with the cut
// through the narrowest place of the network).
//
// # Space
//
// Ranks that share cubes (neighbours in rank, in the lattice of Mesh.Space) have
// blocks of every cube of all of them in the encoders, see package space. A rank
// reads its blocks of stored samples (Team.Block); a cube that is solved comes from
// the rank whose sample it is. Its features go there, and from there on samples are
// whole. Layers of less than space.Least cells per rank belong to
// fewer ranks. Statistics of normalisation are merged by their counts. Fixed mode
// has no blocks.
//
// # Makers
//
// Ranks behind those of the mesh may make samples and do nothing else (Makers). A
// trainer then has a Feed in place of a dataset.Loader, with the same batches.
//
// # What a rank sends in a step
//
// With p ranks in a group, b samples per rank, B = p·b, K inputs, H latent values
// and O outputs of e bytes, D groups and W parameters in what is reduced:
//
//	all-to-all   2·(p−1)/p·b·(K + O)·e
//	latent       4·(p−1)/p·B·H·8
//	gradients    2·(D−1)/D·W·e for a shard, 2·(Dp−1)/(Dp)·W·e for convolutions
//
// (an all-reduce of n bytes over q ranks sends 2·(q−1)/q·n per rank in the best
// algorithms: Thakur, Rabenseifner & Gropp 2005, IJHPCA 19, 49).
//
// # Fixed mode
//
// The batch has 8 slots and the dense layers 8 shards whatever the mesh. Sums are
// made per slot or shard and folded in one binary tree, also by a single rank: 1,
// 2, 4 and 8 ranks have the same bits. Between ranks the tree is an all-reduce by
// recursive halving with doubling distance, which sends as little as others.
//
// # Late update
//
// The weights of the dense layers are not read before the encoders of the next
// step are done. Their reduction and update are finished only then, which changes
// no bit. Clipping needs the norm of all gradients first and switches it off.
package parallel
