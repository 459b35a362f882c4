#include "libingest/mpi/launched_rank.hpp"

#include <fmt/format.h>

#include <charconv>
#include <string_view>

#include "libingest/core/error.hpp"

namespace eoshard {
namespace {

constexpr int kFirstPort = 20000, kPorts = 12000;  // below the range from which systems draw ports for clients

class Variables {
 public:
  explicit Variables(const Environment& environment) : environment_(environment) {}

  bool has(const char* name) const { return environment_(name) != nullptr; }

  std::string text(const char* name) const {
    if (has(name)) return environment_(name);
    throw Error(ErrorKind::usage,
                fmt::format("{} is not set, which ranks without MPI need to find each other; set RANK, WORLD_SIZE, "
                            "LOCAL_RANK, MASTER_ADDR and MASTER_PORT, or start them with torchrun, srun or mpirun",
                            name));
  }

  int number(const char* name) const {
    const std::string value = text(name);
    int number = 0;
    const auto [end, status] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (status == std::errc() && end == value.data() + value.size() && number >= 0) return number;
    throw Error(ErrorKind::usage, fmt::format("{}={} is no number of at least 0", name, value));
  }

 private:
  const Environment& environment_;
};

// 0, with which a system draws one, would be another on every rank.
int port_number(const Variables& variables) {
  constexpr int kLastPort = 65535;
  const int port = variables.number("MASTER_PORT");
  if (port >= 1 && port <= kLastPort) return port;
  throw Error(ErrorKind::usage, fmt::format("MASTER_PORT={} is no port: they go from 1 to {}", port, kLastPort));
}

bool is_started_by_mpi(const Variables& variables) {
  for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK", "PMI_SIZE"}) {
    if (variables.has(name)) return true;
  }
  return false;
}

LaunchedRank read_torchrun(const Variables& variables) {
  LaunchedRank launched;
  launched.rank = variables.number("RANK");
  launched.size = variables.number("WORLD_SIZE");
  if (launched.size == 1) return launched;
  launched.local_rank = variables.number("LOCAL_RANK");
  launched.host = variables.text("MASTER_ADDR");
  launched.port = port_number(variables);
  launched.is_met =
      variables.has("TORCHELASTIC_USE_AGENT_STORE") && variables.text("TORCHELASTIC_USE_AGENT_STORE") == "True";
  if (variables.has("TORCHELASTIC_RESTART_COUNT")) launched.attempt = variables.text("TORCHELASTIC_RESTART_COUNT");
  return launched;
}

LaunchedRank read_slurm(const Variables& variables) {
  LaunchedRank launched;
  launched.rank = variables.number("SLURM_PROCID");
  launched.size = variables.number("SLURM_STEP_NUM_TASKS");
  if (launched.size == 1) return launched;
  launched.local_rank = variables.number("SLURM_LOCALID");
  const bool is_named = variables.has("MASTER_ADDR");
  launched.host = is_named ? variables.text("MASTER_ADDR") : first_host(variables.text("SLURM_STEP_NODELIST"));
  const auto own_port = [&] {
    return kFirstPort + (7 * variables.number("SLURM_JOB_ID") % kPorts + variables.number("SLURM_STEP_ID")) % kPorts;
  };
  launched.port = variables.has("MASTER_PORT") ? port_number(variables) : own_port();
  return launched;
}

}  // namespace

bool is_started_by_torchrun(const Environment& environment) {
  const Variables variables(environment);
  return variables.has("TORCHELASTIC_RUN_ID") && variables.has("RANK");
}

std::string first_host(const std::string& list) {
  const std::size_t bracket = list.find('['), comma = list.find(',');
  if (bracket == std::string::npos || comma < bracket) return list.substr(0, comma);
  const std::size_t close = list.find(']', bracket), number_end = list.find_first_of("-,]", bracket);
  const std::size_t end = list.find(',', close);
  return list.substr(0, bracket) + list.substr(bracket + 1, number_end - bracket - 1) +
         list.substr(close + 1, end == std::string::npos ? end : end - close - 1);
}

std::optional<LaunchedRank> rank_without_mpi(const Environment& environment) {
  const Variables variables(environment);
  if (!is_started_by_torchrun(environment) && is_started_by_mpi(variables)) return std::nullopt;
  LaunchedRank launched;
  if (variables.has("RANK") && variables.has("WORLD_SIZE")) {
    launched = read_torchrun(variables);
  } else if (variables.has("SLURM_PROCID") && variables.has("SLURM_STEP_NUM_TASKS")) {
    launched = read_slurm(variables);
  }
  if (launched.size <= 1) return std::nullopt;
  if (launched.rank < launched.size) return launched;
  throw Error(ErrorKind::usage, fmt::format("this is rank {} of {}: they count from 0", launched.rank, launched.size));
}

}  // namespace eoshard
