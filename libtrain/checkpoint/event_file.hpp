// A run's figures as TensorBoard reads them.
//
// Layout (tensorflow/core/lib/io/record_writer.h): records of u64 length, masked CRC-32C of the length, bytes, masked
// CRC-32C of the bytes, little-endian. The bytes are protocol buffers (tensorflow/core/util/event.proto): wall_time =
// 1, step = 2, file_version = 3, summary = 5; a summary's value = 1 has tag = 1 and simple_value = 2.
#pragma once

#include <string>
#include <string_view>

namespace eoshard::train {

/// Bytes of an event file with a scalar "<split>/<name>" for every number in the lines of metrics.jsonl.
std::string event_file(std::string_view metrics);

}  // namespace eoshard::train
