// BigEarthNet v1 and v2 as they are published: a tree of folders, or the tar of it, read without unpacking.
#pragma once

#include "libingest/archive/bigearthnet_patch.hpp"

namespace eoshard::ingest {

/// Bytes of files that may wait for the others of their patch while a compressed tar is read.
inline constexpr std::size_t kMaxWaitingBytes = std::size_t{256} << 20;

/// A catalogue where options.source is a folder or a tar that is not compressed, else a stream. The folder may be the
/// one that the archive unpacks to, or the one around it.
Archive open_bigearthnet(BigEarthNetOptions options, std::size_t max_waiting_bytes = kMaxWaitingBytes);

}  // namespace eoshard::ingest
