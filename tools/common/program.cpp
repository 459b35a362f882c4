#include "tools/common/program.hpp"

#include <fmt/format.h>

#include <iostream>

#include "libingest/core/error.hpp"
#include "libingest/core/version.hpp"

namespace eoshard {
namespace {

constexpr int kMisuse = 2;

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
      fmt::print(stderr, "{}: {}\nTry '{} --help'.\n", app.get_name(), error.what(), app.get_name());
    return kMisuse;
  }
}

int report(const Error& error, const Program& program, const Communicator& world, const Log& log) {
  if (!error.is_agreed() || world.is_root()) {
    fmt::print(stderr, "{}: error: {}\n", program.name, error.what());
    log.debug(fmt::format("thrown at {}:{}", error.location().file_name(), error.location().line()));
  }
  const int status = exit_status(error.kind());
  if (!error.is_agreed() && world.size() > 1) abort_all_ranks(status);
  return status;
}

}  // namespace

int run_program(const Program& program, int argc, char** argv) {
  CLI::App app(program.description, program.name);
  app.set_version_flag("--version", fmt::format("{} {}", program.name, kVersion));
  app.option_defaults()->always_capture_default();
  bool is_verbose = false;
  app.add_flag("-v,--verbose", is_verbose, "Log details");
  program.declare_options(app);
  bool is_done = false;
  const int status = parse(app, argc, argv, is_done);
  if (is_done) return status;

  try {
    const MpiSession session(program.threads);
    const Communicator world = Communicator::world();
    const Log log(world.rank(), is_verbose ? LogLevel::debug : LogLevel::info);
    try {
      return program.run(world, log);
    } catch (const Error& error) {
      return report(error, program, world, log);
    } catch (const std::exception& error) {
      return report(Error(ErrorKind::internal, error.what()), program, world, log);
    }
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}: error: {}\n", program.name, error.what());
    return 1;
  }
}

std::string quoted_command_line(int argc, char** argv) {
  std::string line;
  for (int argument = 0; argument < argc; ++argument) {
    const std::string text = argv[argument];
    const bool is_plain = !text.empty() && text.find_first_not_of(
                                               "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                               "0123456789_-./,:=+@%") == std::string::npos;
    std::string quoted = "'";
    for (const char character : text) quoted += character == '\'' ? std::string("'\\''") : std::string(1, character);
    line += (argument > 0 ? " " : "") + (is_plain ? text : quoted + "'");
  }
  return line;
}

}  // namespace eoshard
