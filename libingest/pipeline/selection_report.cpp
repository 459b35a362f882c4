#include "libingest/pipeline/selection_report.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace eoshard::ingest {
namespace {

ScannedProduct total_of(std::span<const ScannedProduct> products) {
  ScannedProduct total;
  for (const ScannedProduct& product : products) {
    total.source.patches += product.source.patches;
    total.candidates += product.candidates;
    for (std::size_t split = 0; split < total.split_candidates.size(); ++split) {
      total.split_candidates[split] += product.split_candidates[split];
    }
    for (const auto& [reason, patches] : product.source.rejected) total.source.rejected[reason] += patches;
  }
  return total;
}

std::string counts_text(const ScannedProduct& counts) {
  std::string text = fmt::format("{} of {} patches are candidates (", counts.candidates, counts.source.patches);
  for (std::size_t split = 0; split < kSplitNames.size(); ++split) {
    text += fmt::format("{}{} {}", split == 0 ? "" : ", ", counts.split_candidates[split], kSplitNames[split]);
  }
  text += ")";
  const char* before = "; rejected ";
  for (const auto& [reason, patches] : counts.source.rejected) {
    text += fmt::format("{}{} {}", before, patches, reason);
    before = ", ";
  }
  return text;
}

nlohmann::ordered_json counts_json(const ScannedProduct& counts) {
  nlohmann::ordered_json splits, rejected;
  for (std::size_t split = 0; split < kSplitNames.size(); ++split) {
    splits[std::string(kSplitNames[split])] = counts.split_candidates[split];
  }
  for (const std::string_view reason : kRejectReasonNames) {
    const auto found = counts.source.rejected.find(std::string(reason));
    rejected[std::string(reason)] = found == counts.source.rejected.end() ? 0 : found->second;
  }
  return {{"patches", counts.source.patches},
          {"candidates", counts.candidates},
          {"splits", splits},
          {"rejected", rejected}};
}

}  // namespace

std::string selection_text(std::span<const ScannedProduct> products) {
  std::string text;
  for (const ScannedProduct& product : products) text += product.source.id_stem + ": " + counts_text(product) + "\n";
  return text + "total: " + counts_text(total_of(products)) + "\n";
}

std::string selection_json(std::span<const ScannedProduct> products) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const ScannedProduct& product : products) {
    nlohmann::ordered_json entry = {{"product", product.source.product}, {"id_stem", product.source.id_stem}};
    entry.update(counts_json(product));
    list.push_back(std::move(entry));
  }
  return nlohmann::ordered_json{{"products", list}, {"total", counts_json(total_of(products))}}.dump(2) + "\n";
}

}  // namespace eoshard::ingest
