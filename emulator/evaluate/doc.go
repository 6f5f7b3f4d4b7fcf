// SPDX-License-Identifier: BSD-3-Clause

// Package evaluate says how good predicted images are, and how good guesses
// without any network would have been:
//
//   - Scores collects MaxRel, ZNCC and SSIM over the batches of a data set;
//   - MeanImage and Nearest are the baselines: the mean of the training images,
//     and the image of the training sample whose input is most alike.
//
// MaxRel is taken in physical intensity and reported as its median and in the
// buckets of the original's histogram; ZNCC and SSIM are taken in the
// normalised space, per channel. The original's figures do not say which border
// its SSIM has; reports name theirs.
package evaluate
