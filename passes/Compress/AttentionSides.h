//===- AttentionSides.h - the products inside of attention ------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_COMPRESS_ATTENTIONSIDES_H
#define TFC_PASSES_COMPRESS_ATTENTIONSIDES_H

#include "HeadFactors.h"
#include "HeadLayout.h"
#include "InputStatistics.h"

namespace tfc::compress {

/// Query times key, or value times the layer behind, of all heads: what of it
/// is lost with fewer elements.
struct ProductSide {
  /// Why it stays as it is; empty where it need not.
  std::string reason;
  /// One for each head of keys and values, which may have more readers.
  std::vector<BalancedProduct> products;

  int64_t size() const { return products.front().energies().size(); }
  double lostShare(int64_t kept) const;
  /// The least number of elements, the same for all heads, that keeps `share`.
  int64_t sizeFor(double share) const;
};

/// A linear layer's numbers, and what goes into it.
struct LayerNumbers {
  attn::LinearOp layer;
  std::vector<std::vector<int64_t>> features;
  Eigen::MatrixXd weight;
  Eigen::VectorXd bias;
  std::optional<InputStatistics> input;
};

/// An attention with the layers before and behind it.
class AttentionSides {
public:
  /// Fails with an error where attributes of statistics do not fit.
  static mlir::FailureOr<AttentionSides> of(attn::AttentionOp attention,
                                            mlir::func::FuncOp function);

  /// What each side needs to be smaller is here; both may need more where they
  /// come from one layer. 0: as it is.
  std::string whyNotTogether(int64_t queryKeySize, int64_t valueSize) const;

  /// Writes the layers and the attention anew; 0: as it is.
  void rebuild(int64_t queryKeySize, int64_t valueSize);

  ProductSide queryKey, value;

private:
  explicit AttentionSides(attn::AttentionOp attention) : attention(attention) {}

  /// Of `layout`; sets `reason` where they are not to be had.
  mlir::FailureOr<LayerNumbers>
  numbersOf(const HeadLayout &layout,
            const llvm::DenseMap<mlir::Attribute, unsigned> &readers,
            std::string &reason);
  void findQueryKey();
  void findValue();
  bool centresKeys() const;
  /// Which of query, key and value are written anew.
  llvm::SmallVector<unsigned> rebuilt(int64_t queryKeySize,
                                      int64_t valueSize) const;
  mlir::Value makeHeads(unsigned operand, llvm::ArrayRef<Eigen::MatrixXd> maps,
                        bool isCentred);
  void rebuildBehind(int64_t valueSize);

  int64_t heads() const { return sizeOf(attention.getQuery(), 1); }
  int64_t groups() const { return sizeOf(attention.getKey(), 1); }
  static int64_t sizeOf(mlir::Value value, unsigned dim) {
    return llvm::cast<mlir::ShapedType>(value.getType()).getDimSize(dim);
  }

  mutable attn::AttentionOp attention;
  /// Query, key, value; and what is behind.
  LayerNumbers sides[3], behind;
  std::string reasons[3], reasonBehind;
};

} // namespace tfc::compress

#endif // TFC_PASSES_COMPRESS_ATTENTIONSIDES_H
