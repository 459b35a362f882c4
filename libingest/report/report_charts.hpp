// Charts as inline SVG. Colours of the page come from its style sheet, those of categories from describe_category.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "libingest/report/report_data.hpp"

namespace eoshard::ingest {

/// The largest of 1, 2, 5 × 10^n that gives at least `ticks` steps up to `end`.
double tick_step(double end, int ticks);

std::string tick_label(double value);

struct BarSegment {
  std::string name;
  std::uint64_t count = 0;
};

/// One bar across the page, a segment a category.
std::string stacked_bar(const std::vector<BarSegment>& segments, const std::string& title);

/// A small bar, as long as sum / `longest`.
std::string small_bar(const std::vector<BarSegment>& segments, std::uint64_t longest);

/// The distribution of one band with its mean, in reflectance.
std::string histogram_chart(const ReportBand& band, double quantification_value);

/// Every band's median, quartiles and 1st to 99th percentile on one axis.
std::string spectrum_chart(const std::vector<ReportBand>& bands, double quantification_value);

/// Columns of counts with the index below: how many samples have how many labels.
std::string column_chart(const std::vector<std::uint64_t>& counts, const std::string& title);

/// Where the areas lie, in longitude and latitude; the fuller the colour, the larger the share that was kept.
std::string area_chart(const std::vector<ReportArea>& areas);

}  // namespace eoshard::ingest
