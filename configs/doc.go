// SPDX-License-Identifier: BSD-3-Clause

// Package configs is the typed, strict configuration of every job, and the
// folder of the commented example files.
//
// A job's configuration is one Go struct. The tags of its fields are the
// schema: key, unit, meaning, default and allowed values stand beside the field
// and nowhere else.
//
//	toml     the key; keys are noun_unit
//	unit     the unit of the value, "-" when it has none
//	doc      the meaning, one sentence
//	default  the value, as TOML, of a key that is absent
//	need     "no": the key may be absent and then has no value
//	allow    ">0", ">=0", "1..9" (closed), "a|b|c", or "name" (letters, digits, . _ -)
//	path     "input" or "output": relative paths start at the folder of the TOML file
//	digest   "no": the key changes no result and stays out of Digest
//
// A key with neither default nor need:"no" is required. Load reports every
// problem of a file at once, each with file, field, value and what is allowed.
package configs
