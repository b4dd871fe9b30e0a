//===- Collectives.cpp - what lanes of a warp do together -------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Block.h"

#include "llvm/ADT/bit.h"
#include "llvm/Support/FormatVariadic.h"

#include <algorithm>

using namespace tfc::emulator;

void BlockRunner::warp(ThreadState &thread, WarpOp op, uint32_t form,
                       uint32_t site, const uint32_t *in, uint32_t *out) {
  Waiting &wait = waiting[thread.index];
  wait.wait = Wait::Warp;
  wait.op = op;
  wait.form = form;
  wait.site = site;
  wait.in = in;
  wait.out = out;
  wait.aligned = op > WarpOp::LastMasked;
  wait.mask = wait.aligned ? ~0u : in[0];
  if (!(wait.mask >> thread.lane & 1))
    fault(thread, CUDA_ERROR_LAUNCH_FAILED,
          llvm::formatv("lane {0} is not in the mask {1:x} that it names",
                        thread.lane, wait.mask),
          site);
  if (wait.aligned && ended[thread.warp])
    fault(thread, CUDA_ERROR_LAUNCH_FAILED,
          llvm::formatv("an instruction of the whole warp, of which lane {0} "
                        "{1}",
                        llvm::countr_zero(ended[thread.warp]),
                        thread.warp * warpSize + 31 < threadCount
                            ? "has ended"
                            : "may not exist"),
          site);
  ready[thread.warp] &= ~(1u << thread.lane);
  waitingLanes[thread.warp] |= 1u << thread.lane;
  finishWarp(thread.warp, thread.lane);
  yield(thread);
}

bool BlockRunner::finishWarp(uint32_t warp, uint32_t lane) {
  uint32_t first = warp * warpSize;
  const Waiting &wait = waiting[first + lane];
  uint32_t needed = wait.mask & ~ended[warp];
  if (needed & ~waitingLanes[warp])
    return false;
  for (uint32_t rest = needed; rest; rest &= rest - 1) {
    const Waiting &other = waiting[first + llvm::countr_zero(rest)];
    if (other.op != wait.op || other.form != wait.form ||
        other.mask != wait.mask || (wait.aligned && other.site != wait.site))
      return false;
  }
  computeWarp(first, needed);
  waitingLanes[warp] &= ~needed;
  for (; needed; needed &= needed - 1)
    makeReady(first + llvm::countr_zero(needed));
  return true;
}

void BlockRunner::computeWarp(uint32_t first, uint32_t mask) {
  Waiting *lanes = &waiting[first];
  WarpOp op = lanes[llvm::countr_zero(mask)].op;
  switch (op) {
  case WarpOp::Sync: {
    std::vector<uint32_t> group;
    for (uint32_t rest = mask; rest; rest &= rest - 1)
      group.push_back(first + llvm::countr_zero(rest));
    return shared.synchronize(group);
  }
  case WarpOp::ShuffleIdx:
  case WarpOp::ShuffleUp:
  case WarpOp::ShuffleDown:
  case WarpOp::ShuffleXor:
    return computeShuffle(lanes, mask);
  case WarpOp::VoteAll:
  case WarpOp::VoteAny:
  case WarpOp::VoteUni:
  case WarpOp::VoteBallot:
    return computeVote(lanes, mask);
  case WarpOp::MatchAny:
  case WarpOp::MatchAll:
    return computeMatch(lanes, mask);
  case WarpOp::Elect:
    for (uint32_t i = 0; i < warpSize; ++i)
      if (mask >> i & 1) {
        lanes[i].out[0] = llvm::countr_zero(mask);
        lanes[i].out[1] = lanes[i].out[0] == i;
      }
    return;
  case WarpOp::LoadMatrix:
    return computeLoadMatrix(first);
  case WarpOp::StoreMatrix:
    return computeStoreMatrix(first);
  case WarpOp::Multiply:
    return computeMultiply(lanes);
  default:
    return computeReduce(lanes, mask);
  }
}

// PTX ISA 8.4, section 9.7.8.6 (shfl.sync). What a lane that takes no part
// would give is undefined: all ones here.
void BlockRunner::computeShuffle(Waiting *lanes, uint32_t mask) {
  for (uint32_t lane = 0; lane < warpSize; ++lane) {
    if (!(mask >> lane & 1))
      continue;
    const uint32_t *in = lanes[lane].in;
    uint32_t b = in[2] & 31, clamp = in[3] & 31, segments = in[3] >> 8 & 31;
    int32_t last = (lane & segments) | (clamp & ~segments);
    int32_t first = lane & segments;
    int32_t source = 0;
    bool inside = false;
    switch (lanes[lane].op) {
    case WarpOp::ShuffleUp:
      source = int32_t(lane) - int32_t(b);
      inside = source >= last;
      break;
    case WarpOp::ShuffleDown:
      source = lane + b;
      inside = source <= last;
      break;
    case WarpOp::ShuffleXor:
      source = lane ^ b;
      inside = source <= last;
      break;
    default:
      source = first | (b & ~segments);
      inside = source <= last;
      break;
    }
    if (!inside)
      source = lane;
    lanes[lane].out[0] = mask >> source & 1 ? lanes[source].in[1] : ~0u;
    lanes[lane].out[1] = inside;
  }
}

void BlockRunner::computeVote(Waiting *lanes, uint32_t mask) {
  uint32_t ballot = 0;
  for (uint32_t i = 0; i < warpSize; ++i)
    if ((mask >> i & 1) && (lanes[i].in[1] & 1))
      ballot |= 1u << i;
  for (uint32_t i = 0; i < warpSize; ++i) {
    if (!(mask >> i & 1))
      continue;
    uint32_t &out = lanes[i].out[0];
    switch (lanes[i].op) {
    case WarpOp::VoteAll:
      out = ballot == mask;
      break;
    case WarpOp::VoteAny:
      out = ballot != 0;
      break;
    case WarpOp::VoteUni:
      out = ballot == mask || ballot == 0;
      break;
    default:
      out = ballot;
      break;
    }
  }
}

void BlockRunner::computeMatch(Waiting *lanes, uint32_t mask) {
  for (uint32_t i = 0; i < warpSize; ++i) {
    if (!(mask >> i & 1))
      continue;
    uint32_t same = 0;
    for (uint32_t j = 0; j < warpSize; ++j)
      if ((mask >> j & 1) && lanes[j].in[1] == lanes[i].in[1] &&
          lanes[j].in[2] == lanes[i].in[2])
        same |= 1u << j;
    bool any = lanes[i].op == WarpOp::MatchAny;
    lanes[i].out[0] = any || same == mask ? same : 0;
    lanes[i].out[1] = same == mask;
  }
}

static uint32_t reduce(WarpOp op, uint32_t a, uint32_t b) {
  switch (op) {
  case WarpOp::ReduceAdd:
    return a + b;
  case WarpOp::ReduceMin:
    return std::min(int32_t(a), int32_t(b));
  case WarpOp::ReduceMax:
    return std::max(int32_t(a), int32_t(b));
  case WarpOp::ReduceUMin:
    return std::min(a, b);
  case WarpOp::ReduceUMax:
    return std::max(a, b);
  case WarpOp::ReduceAnd:
    return a & b;
  case WarpOp::ReduceOr:
    return a | b;
  default:
    return a ^ b;
  }
}

void BlockRunner::computeReduce(Waiting *lanes, uint32_t mask) {
  uint32_t first = llvm::countr_zero(mask);
  uint32_t result = lanes[first].in[1];
  for (uint32_t rest = mask & (mask - 1); rest; rest &= rest - 1)
    result =
        reduce(lanes[first].op, result, lanes[llvm::countr_zero(rest)].in[1]);
  for (uint32_t rest = mask; rest; rest &= rest - 1)
    lanes[llvm::countr_zero(rest)].out[0] = result;
}
