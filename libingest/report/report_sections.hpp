// The sections of a report, each a <section> of HTML, or "" where the dataset gives it nothing to show.
#pragma once

#include <string>

#include "libingest/report/report_data.hpp"

namespace eoshard::ingest {

/// Key figures, what became of every patch, counts by split and reason, the arrays.
std::string summary_section(const ReportData& data);
/// Samples by class and split; labels a sample.
std::string class_section(const ReportData& data);
/// How often classes occur together.
std::string co_occurrence_section(const ReportData& data);
/// Spectrum, histograms and moments by split.
std::string band_section(const ReportData& data);
/// Quick looks by class.
std::string picture_section(const ReportData& data);
/// Where the ground areas lie and what became of each patch of a granule.
std::string map_section(const ReportData& data);
/// Counts by tile and by granule.
std::string product_section(const ReportData& data);

/// Rows that the tables by tile and by granule show at most.
inline constexpr std::size_t kMaxTableRows = 1000;

}  // namespace eoshard::ingest
