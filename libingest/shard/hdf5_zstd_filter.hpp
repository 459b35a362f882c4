// HDF5's registered filter 32015 (zstd), as a part of this process: no plugin need be installed.
#pragma once

namespace eoshard::ingest {

/// Registers the filter with the HDF5 library. Its one parameter is the compression level; frames carry their content
/// size and a checksum, as the frames of Zarr chunks do.
void register_hdf5_zstd_filter();

}  // namespace eoshard::ingest
