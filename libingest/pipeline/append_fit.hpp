// Whether products may be appended to a dataset.
#pragma once

#include <span>

#include "libingest/mpi/communicator.hpp"
#include "libingest/pipeline/base_dataset.hpp"
#include "libingest/pipeline/ingest_options.hpp"
#include "libingest/pipeline/product_survey.hpp"
#include "libingest/pipeline/work_folder.hpp"

namespace eoshard::ingest {

/// Appended products are new to the dataset, have its scale, and put no ground square of it into another split. A
/// rank looks at its share of the products; errors are its own. @throws Error{input}
void check_fit_to_base(std::span<const ScannedProduct> products, const BaseDataset& base, const WorkFolder& work,
                       const IngestOptions& options, const Communicator& world);

}  // namespace eoshard::ingest
