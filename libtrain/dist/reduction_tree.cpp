#include "libtrain/dist/reduction_tree.hpp"

namespace eoshard::train {

TreeNode promote(TreeNode node, std::int64_t count) {
  const auto is_root = [&] { return node.index == 0 && (std::int64_t{1} << node.level) >= count; };
  const auto is_only_child = [&] { return node.index % 2 == 0 && (node.index + 1) << node.level >= count; };
  while (!is_root() && is_only_child()) node = parent(node);
  return node;
}

bool are_siblings(TreeNode left, TreeNode right) {
  return left.level == right.level && left.index % 2 == 0 && left.index + 1 == right.index;
}

TreeNode parent(TreeNode node) { return {node.level + 1, node.index / 2}; }

std::vector<TreeNode> subtree_roots(std::int64_t first, std::int64_t last, std::int64_t count) {
  TreeSum<int, int (*)(int, int)> sum(count, [](int, int) { return 0; });
  for (std::int64_t leaf = first; leaf < last; ++leaf) sum.push({0, leaf}, 0);
  std::vector<TreeNode> roots;
  for (const auto& item : sum.items()) roots.push_back(item.node);
  return roots;
}

}  // namespace eoshard::train
