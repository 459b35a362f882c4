#include "libtrain/dist/reduction_tree.hpp"

#include <gtest/gtest.h>

#include <string>

#include "libtrain/core/rank_share.hpp"

namespace eoshard::train {
namespace {

// The tree by its definition.
std::string by_definition(int level, std::int64_t index, std::int64_t count) {
  if (level == 0) return std::to_string(index);
  const std::string left = by_definition(level - 1, 2 * index, count);
  if ((2 * index + 1) << (level - 1) >= count) return left;
  return "(" + left + "+" + by_definition(level - 1, 2 * index + 1, count) + ")";
}

std::string whole_tree(std::int64_t count) {
  int level = 0;
  while ((std::int64_t{1} << level) < count) ++level;
  return by_definition(level, 0, count);
}

std::string add(std::string left, std::string right) { return "(" + left + "+" + right + ")"; }
using Sum = TreeSum<std::string, std::string (*)(std::string, std::string)>;

TEST(ReductionTree, TheOrderIsTheSameForAnyNumberOfRanks) {
  for (std::int64_t count = 1; count <= 20; ++count) {
    for (int ranks = 1; ranks <= 9; ++ranks) {
      Sum total(count, add);
      for (int rank = 0; rank < ranks; ++rank) {
        const Range share = rank_share(count, rank, ranks);
        Sum local(count, add);
        for (std::int64_t leaf = share.first; leaf < share.last; ++leaf) local.push({0, leaf}, std::to_string(leaf));
        const std::vector<TreeNode> roots = subtree_roots(share.first, share.last, count);
        ASSERT_EQ(roots.size(), local.items().size());
        for (std::size_t index = 0; index < roots.size(); ++index) {
          EXPECT_EQ(roots[index], local.items()[index].node);
          total.push(roots[index], local.items()[index].value);
        }
      }
      ASSERT_EQ(total.items().size(), 1u);
      EXPECT_EQ(total.items().front().value, whole_tree(count)) << count << " on " << ranks;
    }
  }
}

}  // namespace
}  // namespace eoshard::train
