// What every program's main does: parse, start MPI, run, report one error, choose the exit status.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "libingest/core/log.hpp"
#include "libingest/mpi/communicator.hpp"
#include "libingest/mpi/session.hpp"

namespace eoshard {

struct Program {
  std::string name;         ///< "eoshard-ingest"
  std::string description;  ///< one line for --help
  std::function<void(CLI::App&)> declare_options;
  /// Returns the exit status. A program sets one of the two: `run` is called on every rank after MPI has started,
  /// `run_alone` without MPI, for programs of one process that must also work where MPI does not (login nodes).
  std::function<int(const Communicator&, const Log&)> run = nullptr;
  std::function<int(const Log&)> run_alone = nullptr;
  MpiThreads mpi_threads = MpiThreads::main_only;
  /// Of `run`, for programs that can do without MPI: called before MPI would start; the ranks that it has connected, or
  /// nothing where MPI is to do it.
  std::function<std::optional<Communicator>()> connect = nullptr;
};

/// Exit status 0 success, 1 failure, 2 misuse. Rank 0 alone prints help, misuse and errors that all ranks share; an
/// error of one rank alone is printed by it and ends the others.
int run_program(const Program& program, int argc, char** argv);

/// Accepts finite numbers from `minimum` to `maximum`; NaN and infinities are misuse.
CLI::Validator number_between(double minimum, double maximum);
/// Accepts finite numbers of at least 0.
CLI::Validator finite_nonnegative();
/// Accepts whole numbers from 0 to 2^64 - 1, written with digits alone.
CLI::Validator seed_number();

/// Arguments as one line that a shell would read back.
std::string quoted_arguments(const std::vector<std::string>& arguments);
/// The same of a whole command line.
std::string quoted_command_line(int argc, char** argv);

}  // namespace eoshard
