#include "tools/common/program.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <limits>
#include <string_view>

#include "libingest/core/byte_text.hpp"
#include "libingest/core/error.hpp"
#include "libingest/core/file_pool.hpp"
#include "libingest/core/version.hpp"
#include "libingest/mpi/start_limit.hpp"
#include "tools/common/program_interface.hpp"

namespace eoshard {
namespace {

constexpr int kMisuse = 2;
// What the installation asks of a program; no option of its users, so neither in --help nor in what is printed.
constexpr std::string_view kPrintInterface = "--print-interface";

// Where CLI11 says "At Most 1 required but received 2".
std::string misuse(const CLI::App& app, const CLI::ParseError& error) {
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) == nullptr) return error.what();
  for (const CLI::Option* option : app.get_options()) {
    const auto given = option->results().size();
    if (option->get_expected_max() == 1 && given > 1)
      return fmt::format("{} is given {} times; it takes one value", option->get_name(), given);
  }
  return error.what();
}

// Help and misuse are settled before MPI starts, so that they are quick and need no launcher.
int parse(CLI::App& app, int argc, char** argv, bool& is_done) {
  is_done = true;
  std::ostringstream out, errors;
  try {
    app.parse(argc, argv);
    is_done = false;
    return 0;
  } catch (const CLI::Success& success) {
    app.exit(success, out, errors);
    if (launcher_rank() == 0) std::cout << out.str();
    return 0;
  } catch (const CLI::ParseError& error) {
    if (launcher_rank() == 0)
      fmt::print(stderr, "{}: {}\nTry '{} --help'.\n", app.get_name(), misuse(app, error), app.get_name());
    return kMisuse;
  }
}

void print_error(const Error& error, const Program& program, const Log& log) {
  fmt::print(stderr, "{}: error: {}\n", program.name, error.what());
  log.debug(fmt::format("thrown at {}:{}", error.location().file_name(), error.location().line()));
}

int print_interface(const CLI::App& app, const std::string& kind) {
  try {
    std::cout << program_interface(app, kVersion, kind) << std::flush;
    return 0;
  } catch (const Error& error) {
    fmt::print(stderr, "{}: {}\n", app.get_name(), error.what());
    return exit_status(error.kind());
  }
}

// Calls `work`; any exception becomes an Error that `report` turns into the exit status.
template <class Work, class Report>
int guard(const Work& work, const Report& report) {
  try {
    return work();
  } catch (const Error& error) {
    return report(error);
  } catch (const std::exception& error) {
    return report(Error(ErrorKind::internal, reason_of(error)));
  }
}

// Processes that MPI does not connect would all do the work of rank 0, on the same files.
void require_connected(const Communicator& world) {
  const int started = connected_launcher_size();
  if (world.size() > 1 || started <= 1) return;
  const std::string message = fmt::format(
      "{} processes were started, but MPI does not connect them; start them with mpirun, or with srun --mpi=pmix",
      started);
  throw Error(ErrorKind::usage, message).mark_agreed();
}

// Started by torchrun or the like, every process would think that it is the only one.
void check_launcher(const Program& program, const Communicator& world) {
  const char* wanted = std::getenv("WORLD_SIZE");
  const bool is_other_launcher = std::getenv("RANK") != nullptr && wanted != nullptr && std::atoi(wanted) > 1;
  if (!is_other_launcher || world.size() > 1) return;
  const std::string message = fmt::format(
      "RANK and WORLD_SIZE={} are set, but this process is alone in MPI's world; start {} with mpirun -n {} (or srun "
      "--mpi=pmix), or unset them",
      wanted, program.name, wanted);
  throw Error(ErrorKind::usage, message).mark_agreed();
}

int run_ranks(const Program& program, const Communicator& world, const Log& log) {
  return guard([&] { return program.run(world, log); },
               [&](const Error& error) {
                 if (!error.is_agreed()) wait_for_turn(world.rank());  // several ranks may have met the same
                 if (!error.is_agreed() || world.is_root()) print_error(error, program, log);
                 if (!error.is_agreed() && world.size() > 1) world.abort(exit_status(error.kind()));
                 return exit_status(error.kind());
               });
}

int run_with_mpi(const Program& program, LogLevel level) {
  const MpiSession session(program.mpi_threads);
  const Communicator world = Communicator::world();
  require_connected(world);
  check_launcher(program, world);
  return run_ranks(program, world, Log(world.rank(), level));
}

int run_connected(const Program& program, LogLevel level) {
  if (program.connect) {
    if (const std::optional<Communicator> world = program.connect()) {
      return run_ranks(program, *world, Log(world->rank(), level));
    }
  }
  return run_with_mpi(program, level);
}

// The ranks of a program of one process would all do the same work to the same files.
int run_alone(const Program& program, const Log& log) {
  if (launcher_size() > 1) {
    const std::string message = program.name + " is a program of one process, with threads; start it without mpirun";
    throw Error(ErrorKind::usage, message).mark_agreed();
  }
  return program.run_alone(log);
}

// As a shell reads it back; bytes that are no UTF-8 become \xNN within $'…'.
std::string quote(const std::string& text) {
  const bool is_plain = !text.empty() && text.find_first_not_of(
                                             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                             "0123456789_-./,:=+@%") == std::string::npos;
  if (is_plain) return text;
  const std::string escaped = escape_bytes(text);
  const bool is_utf8 = std::ranges::count(escaped, '\\') == 2 * std::ranges::count(text, '\\');
  const std::string apostrophe = is_utf8 ? "'\\''" : "\\'";
  std::string quoted = is_utf8 ? "'" : "$'";
  for (const char character : is_utf8 ? text : escaped)
    quoted += character == '\'' ? apostrophe : std::string(1, character);
  return quoted + "'";
}

}  // namespace

int run_program(const Program& program, int argc, char** argv) {
  CLI::App app(program.description, program.name);
  app.set_version_flag("--version", fmt::format("{} {}", program.name, kVersion));
  app.option_defaults()->always_capture_default();
  bool is_verbose = false;
  app.add_flag("-v,--verbose", is_verbose, "Log details");
  program.declare_options(app);
  if (argc == 3 && argv[1] == kPrintInterface) return print_interface(app, argv[2]);
  bool is_done = false;
  const int status = parse(app, argc, argv, is_done);
  if (is_done) return status;

  raise_file_limit();
  const LogLevel level = is_verbose ? LogLevel::debug : LogLevel::info;
  const Log log(launcher_rank(), level);
  return guard([&] { return program.run ? run_connected(program, level) : run_alone(program, log); },
               [&](const Error& error) {
                 if (!error.is_agreed() || launcher_rank() == 0) print_error(error, program, log);
                 return exit_status(error.kind());
               });
}

CLI::Validator number_between(double minimum, double maximum) {
  const std::string range = fmt::format("{:g} to {:g}", minimum, maximum);
  return CLI::Validator(
      [=](const std::string& text) {
        double value = 0;
        const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
        const bool is_number = status == std::errc() && end == text.data() + text.size() && std::isfinite(value);
        return is_number && value >= minimum && value <= maximum ? std::string()
                                                                 : fmt::format("{} is no number from {}", text, range);
      },
      range);
}

CLI::Validator finite_nonnegative() {
  return CLI::Validator(
      [](const std::string& text) {
        const bool is_good = number_between(0, std::numeric_limits<double>::max())(text).empty();
        return is_good ? std::string() : fmt::format("{} is no number of at least 0", text);
      },
      "NUMBER >= 0");
}

CLI::Validator seed_number() {
  return CLI::Validator(
      [](const std::string& text) {
        std::uint64_t value = 0;
        const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
        const bool is_good = status == std::errc() && end == text.data() + text.size();
        return is_good ? std::string() : fmt::format("{} is no whole number from 0 to 18446744073709551615", text);
      },
      "WHOLE NUMBER");
}

std::string quoted_arguments(const std::vector<std::string>& arguments) {
  std::string line;
  for (const std::string& argument : arguments) line += (line.empty() ? "" : " ") + quote(argument);
  return line;
}

std::string quoted_command_line(int argc, char** argv) { return quoted_arguments({argv, argv + argc}); }

}  // namespace eoshard
