// SPDX-License-Identifier: BSD-3-Clause

package configs

// TrainingSet says what samples a network learns from and how they are read or
// made.
type TrainingSet struct {
	Manifest string `toml:"manifest" unit:"-" path:"input" doc:"Manifest of the data set that columen generate wrote; its shards lie beside it"`
	Batch    int    `toml:"batch" unit:"-" default:"32" allow:"1..1000000" doc:"Samples of a step"`
	Augment  string `toml:"augment" unit:"-" default:"\"symmetries\"" allow:"none|symmetries" doc:"symmetries applies to each sample a random one of 16 exact symmetries of the transfer equation"`
	Prefetch int    `toml:"prefetch" unit:"-" default:"2" allow:"1..1000" digest:"no" doc:"Batches read or made ahead of their use"`
	Readers  int    `toml:"readers" unit:"-" default:"1" allow:"1..256" digest:"no" doc:"Goroutines that read stored samples"`
	Verify   string `toml:"verify" unit:"-" default:"\"yes\"" allow:"yes|no" digest:"no" doc:"yes reads every shard once before the start and compares its checksums with the manifest"`

	Source         string  `toml:"source" unit:"-" default:"\"stored\"" allow:"stored|online|mixed" doc:"stored reads the samples for training; online solves them while the network trains; mixed does either for each sample. Normalisation and validation are those of the data set"`
	Generate       string  `toml:"generate" unit:"-" need:"no" path:"input" doc:"Configuration of columen generate whose winds and snapshots are solved; needed by online and mixed"`
	Draw           string  `toml:"draw" unit:"-" default:"\"fresh\"" allow:"fresh|replay" doc:"fresh draws other winds and directions in every epoch; replay solves the samples of the data set again"`
	Samples        int     `toml:"samples" unit:"-" need:"no" allow:"1..1000000000" doc:"Samples of an epoch of fresh draws with source = \"online\"; as many as are stored when absent"`
	StoredFraction float64 `toml:"stored_fraction" unit:"-" default:"0.5" allow:"0..1" doc:"Fraction of the samples of an epoch that mixed reads"`
	Generators     int     `toml:"generators" unit:"-" default:"1" allow:"1..4096" digest:"no" doc:"Goroutines of a training rank that solve samples; with parallel.threads = 0 they have cores of their own"`
	GeneratorRanks int     `toml:"generator_ranks" unit:"-" default:"0" allow:"0..100000" digest:"no" doc:"Of the ranks started, the last so many only solve samples, with all their threads, and the others only train"`
	SnapshotsKept  int     `toml:"snapshots_kept" unit:"-" default:"16" allow:"1..100000" digest:"no" doc:"Snapshots that a rank keeps in memory to draw from"`
}

// Makes reports whether samples are solved while the network trains.
func (s *TrainingSet) Makes() bool { return s.Source != "stored" }

func (s *TrainingSet) validate(r *report) {
	switch {
	case s.Makes() && s.Generate == "":
		r.missing("data.generate", `a configuration of columen generate, which source = "`+s.Source+`" needs`)
	case !s.Makes() && s.Generate != "":
		r.add("data.generate", text(s.Generate), `source = "stored" makes no samples`, `none, or source = "online" or "mixed"`)
	}
	if s.GeneratorRanks > 0 && !s.Makes() {
		r.add("data.generator_ranks", text(s.GeneratorRanks), `source = "stored" makes no samples`, `0, or source = "online" or "mixed"`)
	}
	if s.GeneratorRanks > 0 && s.Generators > 1 {
		r.add("data.generators", text(s.Generators), "trainers solve no samples beside generator ranks, which use all their threads", "1, or generator_ranks = 0")
	}
	if s.Samples > 0 && (s.Source != "online" || s.Draw != "fresh") {
		r.add("data.samples", text(s.Samples), "an epoch has the samples that are stored", `none, or source = "online" with draw = "fresh"`)
	}
}
