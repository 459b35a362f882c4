// Where the labels of a run come from, made ready for the scan of its products.
#pragma once

#include "libingest/label/patch_labeler.hpp"
#include "libingest/mpi/communicator.hpp"
#include "libingest/pipeline/ingest_options.hpp"

namespace eoshard::ingest {

/// The nomenclature of a run; that of a run without labels is called "none" and has no classes.
Nomenclature nomenclature_of(const IngestOptions& options);

/// Finds out what `options.labels` is and reads it where it is a table; files are looked at by one rank or shared
/// between all. Collective. @throws Error{usage|input} for options that do not go with the source, and for a table with
/// a label that the nomenclature does not know.
LabelSettings prepare_labels(const IngestOptions& options, const Communicator& world);

}  // namespace eoshard::ingest
