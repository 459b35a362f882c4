// eoshard-plan: how the work of an ingest run balances over ranks, and a plan of it that eoshard-ingest executes.
#include <fmt/format.h>

#include <filesystem>
#include <optional>

#include "libingest/core/error.hpp"
#include "libingest/core/file.hpp"
#include "libingest/core/out_place.hpp"
#include "libingest/core/progress.hpp"
#include "libingest/pipeline/array_layout.hpp"
#include "libingest/pipeline/listed_work.hpp"
#include "libingest/pipeline/plan_survey.hpp"
#include "libingest/pipeline/work_plan.hpp"
#include "tools/common/ingest_arguments.hpp"
#include "tools/common/program.hpp"
#include "tools/eoshard-plan/plan_report.hpp"

namespace {

using namespace eoshard;
using namespace eoshard::ingest;

struct Arguments {
  IngestOptions ingest;
  std::vector<std::string> patch_lists;
  std::vector<int> ranks;
  std::string assign = "groups";
  int cores_per_rank = 1;
  int draw_products = 0;
  CalibrationSettings calibration;
  std::string out;
  bool overwrite = false;
  bool is_json = false;
  std::string progress = "auto";
};

void declare_options(CLI::App& app, Arguments& arguments) {
  declare_ingest_arguments(app, arguments.ingest);
  const char* const plan = "Plan";
  app.add_option("--patch-list", arguments.patch_lists,
                 "Plan from lists of patch ids instead of products: text, CSV, or BigEarthNet v2's metadata.parquet")
      ->group(plan);
  app.add_option("--ranks", arguments.ranks, "Numbers of ranks, e.g. 1,2,4,72")
      ->delimiter(',')
      ->required()
      ->check(CLI::Range(1, 1000000))
      ->group(plan);
  declare_assign(app, arguments.assign);
  app.add_option("--cores-per-rank", arguments.cores_per_rank, "Cores of a rank, for the estimated time")
      ->check(CLI::Range(1, 1024))
      ->group(plan);
  app.add_option("--calibration-tiles", arguments.calibration.tiles,
                 "JPEG 2000 tiles of each code-block size that are decoded to measure the rates, at least; 0: take "
                 "standard rates")
      ->check(CLI::Range(0, 10000))
      ->group(plan);
  app.add_option("--draw-products", arguments.draw_products,
                 "Plan for this many products, drawn with replacement from those given (--seed)")
      ->check(CLI::Range(1, 10000000))
      ->group(plan);
  const char* const run = "Run";
  app.add_option("-o,--out", arguments.out, "File for the plan, which eoshard-ingest --plan executes")->group(run);
  app.add_flag("--overwrite", arguments.overwrite, "Replace the file --out")->group(run);
  app.add_flag("--json", arguments.is_json, "Print JSON")->group(run);
  declare_threads(app, arguments.ingest.threads);
  declare_progress(app, arguments.progress);
  app.footer(
      "eoshard-plan --labels clc.tif --ranks 2,4,8 --out plan.json *.SAFE\n"
      "eoshard-plan --patch-list metadata.parquet --ranks 72,96,1024 --json");
}

bool plans_from_lists(const Arguments& arguments) { return !arguments.patch_lists.empty(); }

void check_arguments(const Arguments& arguments) {
  if (plans_from_lists(arguments) != arguments.ingest.sources.empty())
    throw Error(ErrorKind::usage, "name either products (PRODUCT...) or lists (--patch-list)");
  if (!arguments.out.empty() && (plans_from_lists(arguments) || arguments.draw_products > 0))
    throw Error(ErrorKind::usage,
                "only a plan of products can be executed: --out goes with neither --patch-list nor "
                "--draw-products");
  const bool is_there = with_out_place(arguments.out, [&] { return std::filesystem::exists(arguments.out); });
  if (!arguments.overwrite && is_there)
    throw Error(ErrorKind::usage,
                fmt::format("--out {}: the file is there; use --overwrite to replace it", arguments.out));
  parse_assign_method(arguments.assign);
}

WorkPlan make_plan(const Arguments& arguments, const PlanSurvey& survey, const BalanceReport& report) {
  WorkPlan plan{
      survey.configuration_json, report.chosen, report.rates, names_of_units(stored_arrays(arguments.ingest)), {}, {}};
  for (std::size_t product = 0; product < survey.products.size(); ++product)
    plan.products.push_back({survey.products[product].source.id_stem, report.products[product]});
  for (const RankBalance& balance : report.balances)
    plan.plans.push_back({balance.ranks, balance.of(report.chosen).plan});
  return plan;
}

PlanSurvey survey(const Arguments& arguments, const Communicator& world, const Log& log) {
  ProgressBar bar(parse_progress_mode(arguments.progress), world.is_root());
  PlanSurvey result =
      survey_for_plan(arguments.ingest, arguments.calibration, world, log, [&](const Progress& now) { bar.show(now); });
  bar.finish();
  return result;
}

// Rank 0 deals and prints; nothing is left to do for the others.
void report_balance(const Arguments& arguments, const std::optional<PlanSurvey>& surveyed) {
  BalanceReport report;
  report.chosen = parse_assign_method(arguments.assign);
  report.cores_per_rank = arguments.cores_per_rank;
  report.rates = surveyed ? surveyed->rates : standard_rates();
  report.products = surveyed ? product_work(surveyed->products, report.rates)
                             : listed_work(read_listed_products(arguments.patch_lists), report.rates);
  if (arguments.draw_products > 0)
    report.products = draw_products(report.products, arguments.draw_products, arguments.ingest.seed);
  report.balances = compare_methods(report.products, arguments.ranks);
  if (!arguments.out.empty())
    write_file(arguments.out, plan_text(make_plan(arguments, *surveyed, report)), Durability::fsync);
  fmt::print("{}", arguments.is_json ? report_json(report) : report_text(report));
}

int run(const Arguments& arguments, const Communicator& world, const Log& log) {
  world.agree([&] { check_arguments(arguments); });
  std::optional<PlanSurvey> surveyed;
  if (!plans_from_lists(arguments)) surveyed = survey(arguments, world, log);
  world.agree([&] {
    if (world.is_root()) report_balance(arguments, surveyed);
  });
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  Program program;
  program.name = "eoshard-plan";
  program.description = "Plan an ingest run: how its work balances over ranks";
  program.declare_options = [&](CLI::App& app) { declare_options(app, arguments); };
  program.run = [&](const Communicator& world, const Log& log) { return run(arguments, world, log); };
  return run_program(program, argc, argv);
}
