//===- RecurrentFunctions.cpp - RNN, GRU and LSTM as scans ------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// X [T, B, I], W [D, G H, I], R [D, G H, H], [bias [D, 2 G H]], [lengths [B]],
// [initial h [D, B, H]], and for LSTM [initial c], [peepholes [D, 3 H]], to
// Y [T, D, B, H], Y_h [D, B, H], Y_c: D directions, G gates. With layout 1 the
// batch comes first. The products with X are one before the scan.
//
//===----------------------------------------------------------------------===//

#include "FunctionWriter.h"

using namespace tfc;

namespace {

/// One direction; `number` is its place in the weights.
class Direction {
public:
  Direction(Body &b, int number, int directions, bool backwards, int64_t hidden,
            const std::string &input, const std::string &lengths,
            std::vector<std::string> activations)
      : b(b), number(number), directions(directions), backwards(backwards),
        hidden(hidden), input(input), lengths(lengths),
        activations(std::move(activations)) {}

  void write();

  /// Of all steps [T, B, H], and of the last [B, H].
  std::string all, last, cell;

private:
  std::string name(const char *stem) { return stem + std::to_string(number); }
  std::string part(int i) {
    if (directions == 1)
      return b.make("Squeeze (i" + std::to_string(i) + ", " + b.integers({0}) +
                    ")");
    return b.make("Gather <axis = 0> (i" + std::to_string(i) + ", " +
                  b.scalar(number) + ")");
  }
  std::string transposed(const std::string &x) {
    return b.make("Transpose <perm = [1, 0]> (" + x + ")");
  }
  std::string initial(int i);
  std::string turned(const std::string &x);
  std::string bias();
  std::string gruStep(const std::string &recurrent);
  std::string lstmStep(const std::string &recurrent);
  std::string rnnStep(const std::string &recurrent);

  Body &b;
  int number, directions;
  bool backwards;
  int64_t hidden;
  std::string input, lengths;
  std::vector<std::string> activations;
  /// What the products with the state add, where it is not added before.
  std::string hiddenBias;
};

std::string Direction::initial(int i) {
  if (b.has(i)) {
    return part(i);
  }
  std::string batch = b.make("Shape <start = 1, end = 2> (" + input + ")");
  std::string sizes =
      b.make("Concat <axis = 0> (" + batch + ", " + b.integers({hidden}) + ")");
  return b.make("Expand (" + b.real(0, "i0") + ", " + sizes + ")");
}

/// The steps of each sample in the other order, where it has a length of its
/// own; without lengths the scan goes backwards.
std::string Direction::turned(const std::string &x) {
  if (!backwards || lengths.empty())
    return x;
  return b.make("ReverseSequence <batch_axis = 1, time_axis = 0> (" + x + ", " +
                lengths + ")");
}

/// What is added to the products with X.
std::string Direction::bias() {
  if (!b.has(3))
    return "";
  std::string w = name("wb"), r = name("rb");
  b.add(w + ", " + r, "Split <axis = 0, num_outputs = 2> (" + part(3) + ")");
  if (b.operatorName() != "GRU")
    return b.make("Add (" + w + ", " + r + ")");
  hiddenBias = r;
  return w;
}

std::string Direction::rnnStep(const std::string &recurrent) {
  return "p = MatMul (h, " + transposed(recurrent) +
         ")\ng = Add (p, s)\nhn = " + activations[0] + " (g)\n";
}

std::string Direction::gruStep(const std::string &recurrent) {
  std::string parts = b.integers({2 * hidden, hidden});
  std::string zr = name("rzr"), candidate = name("rh");
  b.add(zr + ", " + candidate,
        "Split <axis = 0> (" + recurrent + ", " + parts + ")");
  std::string zrBias = name("rbzr"), candidateBias = name("rbh");
  if (hiddenBias.empty()) {
    zrBias = candidateBias = b.real(0, "i0");
  } else {
    b.add(zrBias + ", " + candidateBias,
          "Split <axis = 0> (" + hiddenBias + ", " + parts + ")");
  }
  zr = transposed(zr);
  candidate = transposed(candidate);
  std::string linear = b.integer("linear_before_reset", 0)
                           ? "hp = MatMul (h, " + candidate +
                                 ")\nhb = Add (hp, " + candidateBias +
                                 ")\nhg = Mul (r, hb)\n"
                           : "hr = Mul (r, h)\nhp = MatMul (hr, " + candidate +
                                 ")\nhg = Add (hp, " + candidateBias + ")\n";
  return "szr, sh = Split <axis = 1> (s, " + parts + ")\np = MatMul (h, " + zr +
         ")\nq = Add (p, " + zrBias +
         ")\ng = Add (q, szr)\na = " + activations[0] +
         " (g)\nz, r = Split <axis = 1, num_outputs = 2> (a)\n" + linear +
         "e = Add (hg, sh)\nt = " + activations[1] +
         " (e)\nd = Sub (h, t)\nzd = Mul (z, d)\nhn = Add (t, zd)\n";
}

/// Gates in the order input, output, forget, cell.
std::string Direction::lstmStep(const std::string &recurrent) {
  std::string i = "gi", o = "go", f = "gf", peepholes, late;
  if (b.has(7)) {
    std::string pi = name("pi"), po = name("po"), pf = name("pf");
    b.add(pi + ", " + po + ", " + pf,
          "Split <axis = 0, num_outputs = 3> (" + part(7) + ")");
    peepholes = "ci = Mul (" + pi + ", c)\nhi = Add (gi, ci)\ncf = Mul (" + pf +
                ", c)\nhf = Add (gf, cf)\n";
    late = "co = Mul (" + po + ", cn)\nho = Add (go, co)\n";
    i = "hi";
    f = "hf";
    o = "ho";
  }
  return "p = MatMul (h, " + transposed(recurrent) +
         ")\ng = Add (p, s)\ngi, go, gf, gc = Split <axis = 1, num_outputs = "
         "4> (g)\n" +
         peepholes + "ai = " + activations[0] + " (" + i +
         ")\naf = " + activations[0] + " (" + f + ")\nac = " + activations[1] +
         " (gc)\nkept = Mul (af, c)\nadded = Mul (ai, ac)\ncn = Add (kept, "
         "added)\n" +
         late + "ao = " + activations[0] + " (" + o +
         ")\nhc = " + activations[2] + " (cn)\nhn = Mul (ao, hc)\n";
}

void Direction::write() {
  bool isLstm = b.operatorName() == "LSTM", isGru = b.operatorName() == "GRU";
  std::string steps =
      b.make("MatMul (" + turned(input) + ", " + transposed(part(1)) + ")");
  if (std::string added = bias(); !added.empty())
    steps = b.make("Add (" + steps + ", " + added + ")");
  std::string body = isLstm  ? lstmStep(part(2))
                     : isGru ? gruStep(part(2))
                             : rnnStep(part(2));
  std::string states = initial(5), given = "h", made = "nh";
  if (isLstm) {
    states += ", " + initial(6);
    given += ", c";
    made += ", nc";
  }
  std::string scanned = steps, items = "s";
  if (lengths.empty()) {
    body += "nh = Identity (hn)\nout = Identity (hn)\n";
    if (isLstm)
      body += "nc = Identity (cn)\n";
  } else {
    // Beyond its length a sample keeps its state and gives zeros.
    std::string front = b.integers({0}), zero = b.real(0, "i0");
    std::string count = b.make(
        "Squeeze (" + b.make("Shape <start = 0, end = 1> (" + input + ")") +
        ", " + front + ")");
    scanned += ", " + b.make("Range (" + b.scalar(0) + ", " + count + ", " +
                             b.scalar(1) + ")");
    items += ", now";
    std::string column =
        b.make("Unsqueeze (" + lengths + ", " + b.integers({1}) + ")");
    body += "on = Less (now, " + column +
            ")\nnh = Where (on, hn, h)\nout = Where (on, hn, " + zero + ")\n";
    if (isLstm)
      body += "nc = Where (on, cn, c)\n";
  }
  last = name("last");
  all = name("all");
  cell = name("cell");
  b.add(last + (isLstm ? ", " + cell : "") + ", " + all,
        "Scan <num_scan_inputs = " + std::string(lengths.empty() ? "1" : "2") +
            (backwards && lengths.empty()
                 ? ", scan_input_directions = [1], scan_output_directions = [1]"
                 : "") +
            ", body = " + name("step") + " (" + given + ", " + items +
            ") => (" + made + ", out) {\n" + body + "}> (" + states + ", " +
            scanned + ")");
  all = turned(all);
}

/// The activations of each direction, which have no parameters.
std::string activationsOf(Body &b, int directions,
                          std::vector<std::vector<std::string>> &out) {
  bool isLstm = b.operatorName() == "LSTM", isGru = b.operatorName() == "GRU";
  std::vector<std::string> usual = {"Sigmoid", "Tanh"};
  if (isLstm)
    usual.push_back("Tanh");
  if (!isLstm && !isGru)
    usual = {"Tanh"};
  std::vector<std::string> given = b.texts("activations");
  if (!given.empty() && given.size() != usual.size() * directions)
    return "the number of its activations does not fit";
  for (const std::string &name : given)
    if (name != "Sigmoid" && name != "Tanh" && name != "Relu")
      return "its activation '" + name + "' is not supported";
  for (int i = 0; i < directions; ++i)
    out.push_back(given.empty() ? usual
                                : std::vector<std::string>(
                                      given.begin() + i * usual.size(),
                                      given.begin() + (i + 1) * usual.size()));
  return "";
}

/// Results of the directions, side by side along a new axis.
std::string joined(Body &b, const std::vector<std::string> &parts,
                   int64_t axis) {
  std::string list;
  for (const std::string &part : parts)
    list += (list.empty() ? "" : ", ") +
            b.make("Unsqueeze (" + part + ", " + b.integers({axis}) + ")");
  if (parts.size() == 1)
    return list;
  return b.make("Concat <axis = " + std::to_string(axis) + "> (" + list + ")");
}

} // namespace

std::string tfc::recurrentNetwork(Body &b) {
  std::string way = b.text("direction", "forward");
  int directions = way == "bidirectional" ? 2 : 1;
  bool batchFirst = b.integer("layout", 0) != 0;
  int64_t hidden = b.integer("hidden_size", b.size(2, 2));
  if (hidden <= 0)
    return "its hidden_size must be known";
  if (way != "forward" && way != "reverse" && directions != 2)
    return "its direction '" + way + "' is not known";
  if (b.hasAttribute("clip") || b.hasAttribute("activation_alpha") ||
      b.hasAttribute("activation_beta") || b.integer("input_forget", 0))
    return "clipping, parameters of activations and coupled gates are not "
           "supported";
  if (batchFirst && (b.has(5) || b.has(6)))
    return "initial states with the batch first are not supported";
  std::vector<std::vector<std::string>> activations;
  if (std::string reason = activationsOf(b, directions, activations);
      !reason.empty())
    return reason;
  std::string input =
      batchFirst ? b.make("Transpose <perm = [1, 0, 2]> (i0)") : "i0";
  std::string lengths = b.has(4) ? b.make("Cast <to = 7> (i4)") : "";
  std::vector<std::string> all, last, cells;
  for (int i = 0; i < directions; ++i) {
    Direction direction(b, i, directions, i == 1 || way == "reverse", hidden,
                        input, lengths, activations[i]);
    direction.write();
    all.push_back(direction.all);
    last.push_back(direction.last);
    cells.push_back(direction.cell);
  }
  auto give = [&](int output, const std::string &value, const char *perm) {
    b.add("o" + std::to_string(output),
          batchFirst
              ? std::string("Transpose <perm = ") + perm + "> (" + value + ")"
              : "Identity (" + value + ")");
  };
  if (b.wants(0))
    give(0, joined(b, all, 1), "[2, 0, 1, 3]");
  if (b.wants(1))
    give(1, joined(b, last, 0), "[1, 0, 2]");
  if (b.wants(2))
    give(2, joined(b, cells, 0), "[1, 0, 2]");
  return "";
}
