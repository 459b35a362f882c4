// The one binary tree in which a step's micro-batches are summed, whoever computes them. Pure arithmetic on numbers.
//
// Leaves are micro-batches 0 … count-1. Node (level, index) covers the leaves [index · 2^level, (index + 1) · 2^level)
// below count; its sum is left + right, or the only child's sum where the right one covers nothing. A rank with
// consecutive micro-batches can finish the subtrees that it holds whole; the rest of the tree joins those.
#pragma once

#include <cstdint>
#include <vector>

namespace eoshard::train {

struct TreeNode {
  int level = 0;
  std::int64_t index = 0;
  bool operator==(const TreeNode&) const = default;
};

/// `node`, raised through all parents that it is the only child of.
TreeNode promote(TreeNode node, std::int64_t count);

/// Whether `left` and `right` are the two children of one node.
bool are_siblings(TreeNode left, TreeNode right);

TreeNode parent(TreeNode node);

/// Roots of the largest whole subtrees over the leaves [first, last), from left to right, promoted.
std::vector<TreeNode> subtree_roots(std::int64_t first, std::int64_t last, std::int64_t count);

/// Adds values in the order of the tree. push() nodes from left to right; `add(left, right)` returns their sum.
template <class Value, class Add>
class TreeSum {
 public:
  TreeSum(std::int64_t count, Add add) : count_(count), add_(add) {}

  void push(TreeNode node, Value value) {
    node = promote(node, count_);
    while (!stack_.empty() && are_siblings(stack_.back().node, node)) {
      value = add_(stack_.back().value, value);
      stack_.pop_back();
      node = promote(parent(node), count_);
    }
    stack_.push_back({node, value});
  }

  struct Item {
    TreeNode node;
    Value value;
  };
  /// What could not be joined yet, from left to right; one item when all leaves were covered.
  std::vector<Item>& items() { return stack_; }

 private:
  std::int64_t count_;
  Add add_;
  std::vector<Item> stack_;
};

}  // namespace eoshard::train
