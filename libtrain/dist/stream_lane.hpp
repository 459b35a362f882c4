// CommunicationLane over a CUDA stream of its own. Compiled only where CUDA is to be had.
#pragma once

#include <memory>

#include "libtrain/dist/communication_lane.hpp"

namespace eoshard::train {

std::unique_ptr<CommunicationLane> make_stream_lane(at::Device device);

}  // namespace eoshard::train
