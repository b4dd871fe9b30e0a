//===- CandidateSearch.h - how small a model may be -------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_LIB_DRIVER_CANDIDATESEARCH_H
#define TFC_LIB_DRIVER_CANDIDATESEARCH_H

#include "tfc/Passes/Compress/SearchSpace.h"

#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <random>

namespace tfc {

/// What a candidate was measured to be.
struct Measured {
  /// What guides the search: the lower the better.
  double loss = 0;
  /// What the user asked for, in its own terms.
  double metric = 0;
  int64_t parameters = 0;
  /// Of a call, where sizes say it.
  std::optional<int64_t> multiplyAdds;
  /// The median time of a call and of the original's calls in between, in ms,
  /// and the median of their quotients; where a budget is of them.
  std::optional<double> latency, originalLatency, latencyShare;
  /// What the budget wants less of: parameters, or what counts as much.
  double size = 1;
};

/// Finds sizes for all choices: first greedily, each step the one with the
/// least measured loss for what it saves of the size, where losses measured for
/// earlier candidates stand in for those of steps that do not look cheapest
/// (lazy greedy; Minoux 1978). A step is a residual block, or one of all
/// choices of a kind together, and of single ones where these lead no further.
/// Then by exchanges of single steps within the budget, which a model of all
/// that was measured proposes, and some at random, with a fixed seed.
class CandidateSearch {
public:
  using Steps = std::vector<unsigned>;
  /// Nothing where the candidate cannot be made.
  using Measure = std::function<std::optional<Measured>(const Steps &)>;
  /// Whether a measured candidate is small enough.
  using Fits = std::function<bool(const Steps &, const Measured &)>;
  /// Whether it is good enough.
  using IsGood = std::function<bool(const Measured &)>;

  CandidateSearch(llvm::ArrayRef<compress::SizeChoice> choices, Measure measure,
                  Fits fits, IsGood isGood, unsigned most)
      : choices(choices), measure(std::move(measure)), fits(std::move(fits)),
        isGood(std::move(isGood)), most(most) {}

  struct Found {
    Steps steps;
    Measured measured;
    bool fits = false;
  };
  /// The best that fits and is good; otherwise the nearest to it. Nothing where
  /// the model itself could not be measured.
  std::optional<Found> run();

  /// Measures nothing more.
  void stop() { most = 0; }

  /// All that were measured, in that order.
  llvm::ArrayRef<Found> measured() const { return seen; }

private:
  std::optional<Measured> look(const Steps &steps);
  /// Choices that go down together, and how many steps each.
  struct Move {
    llvm::SmallVector<size_t> choices;
    unsigned count;
  };
  /// Steps without effect are left out. False where there is none to go.
  bool stepDown(Steps &steps, const Move &move) const;
  bool stepUp(Steps &steps, size_t choice) const;
  std::vector<Move> coarseMoves() const;
  bool descend(Found &at, llvm::ArrayRef<Move> moves);
  /// `price` is what a move cost when it was last measured, for what it saved.
  std::optional<Found> cheapestStep(const Found &at, llvm::ArrayRef<Move> moves,
                                    std::vector<double> &price);
  std::vector<Steps> exchanges(const Found &at, double size) const;
  void exchange(Found &at);

  llvm::ArrayRef<compress::SizeChoice> choices;
  Measure measure;
  Fits fits;
  IsGood isGood;
  /// How many candidates may be measured.
  unsigned most;
  std::vector<Found> seen;
  std::map<Steps, std::optional<Measured>> known;
  std::mt19937 random{20231};
  /// Just below the smallest that was too large.
  double tooLarge = std::numeric_limits<double>::max();
};

} // namespace tfc

#endif // TFC_LIB_DRIVER_CANDIDATESEARCH_H
