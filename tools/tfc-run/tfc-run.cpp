//===- tfc-run.cpp - runs a compiled model ----------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Caches.h"
#include "Device.h"
#include "Options.h"
#include "Tensors.h"
#include "tfc/Runtime/runtime.h"
#include "tfc/Support/ExitCodes.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <unistd.h>

using namespace tfc;
using namespace tfc::run;

namespace {

using Clock = std::chrono::steady_clock;

double millisecondsSince(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start)
      .count();
}

struct Closer {
  void operator()(tfc_library *library) const { tfc_library_close(library); }
  void operator()(tfc_pool *pool) const { tfc_pool_destroy(pool); }
  void operator()(tfc_session *session) const { tfc_session_destroy(session); }
};

int refuse(const std::string &text) {
  std::fprintf(stderr, "tfc-run: error: %s\n", text.c_str());
  return ExitRefused;
}

struct Times {
  double load = 0, first = 0;
  std::vector<double> calls; ///< milliseconds, sorted
  double mean = 0;
  /// Of the timed calls' regions; null where they are not measured.
  const tfc_region_time *regions = nullptr;
  int64_t numRegions = 0;

  double total() const { return mean * static_cast<double>(calls.size()); }
  double median() const {
    size_t half = calls.size() / 2;
    return calls.size() % 2 ? calls[half] : (calls[half - 1] + calls[half]) / 2;
  }
};

/// A string of JSON (RFC 8259).
std::string quoted(const std::string &text) {
  std::string out = "\"";
  for (unsigned char c : text) {
    char escape[8];
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c < 0x20) {
      std::snprintf(escape, sizeof(escape), "\\u%04x", c);
      out += escape;
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string tensorsAsJson(const tfc_tensor_info *infos, uint32_t count,
                          const std::vector<tfc_tensor> &tensors) {
  std::string out = "[";
  for (uint32_t i = 0; i < count; ++i) {
    out += std::string(i ? ", " : "") + "{\"name\": " + quoted(infos[i].name) +
           ", \"type\": \"" + typeName(infos[i].type) + "\", \"shape\": [";
    for (int32_t d = 0; d < tensors[i].rank; ++d)
      out += (d ? ", " : "") + std::to_string(tensors[i].dims[d]);
    out += "]}";
  }
  return out + "]";
}

std::string describeAsJson(const tfc_model_info &info) {
  auto tensors = [](const tfc_tensor_info *infos, uint32_t count) {
    std::string out = "[";
    for (uint32_t i = 0; i < count; ++i) {
      out += std::string(i ? ", " : "") +
             "{\"name\": " + quoted(infos[i].name) + ", \"type\": \"" +
             typeName(infos[i].type) + "\", \"shape\": [";
      for (int32_t d = 0; d < infos[i].rank; ++d) {
        out += d ? ", " : "";
        out += infos[i].dims[d] >= 0 ? std::to_string(infos[i].dims[d])
                                     : quoted(infos[i].symbols[d]);
      }
      out += "]}";
    }
    return out + "]";
  };
  return "{\"model\": " + quoted(info.model_name) +
         ", \"producer\": " + quoted(info.producer) +
         ", \"abi_version\": " + std::to_string(info.abi_version) +
         ", \"cpu\": " + quoted(info.cpu) +
         ", \"cpu_features\": " + quoted(info.cpu_features) +
         ", \"weights_bytes\": " + std::to_string(info.weights_bytes) +
         ", \"inputs\": " + tensors(info.inputs, info.num_inputs) +
         ", \"outputs\": " + tensors(info.outputs, info.num_outputs) + "}\n";
}

std::string describe(const tfc_model_info &info) {
  std::string out = std::string("model     ") + info.model_name +
                    "\nproducer  " + info.producer + "\ncpu       " + info.cpu +
                    " (needs " + info.cpu_features + ")\nweights   " +
                    std::to_string(info.weights_bytes) + " bytes\n";
  for (uint32_t i = 0; i < info.num_inputs; ++i)
    out += std::string("input     ") + info.inputs[i].name + ": " +
           describeTensor(info.inputs[i]) + "\n";
  for (uint32_t i = 0; i < info.num_outputs; ++i)
    out += std::string("output    ") + info.outputs[i].name + ": " +
           describeTensor(info.outputs[i]) + "\n";
  return out;
}

/// Runs warm-ups and timed calls; an empty string, or the model's message.
std::string callModel(const Options &options, tfc_session *session,
                      const std::vector<tfc_tensor> &inputs,
                      const std::vector<tfc_tensor> &outputs, Times &times) {
  char message[512] = "";
  for (int64_t i = 0; i < options.warmup + options.repeat; ++i) {
    if (i == options.warmup && options.profile)
      times.regions = tfc_session_start_profile(session, &times.numRegions);
    Clock::time_point start = Clock::now();
    if (tfc_session_run(session, inputs.data(), outputs.data(), message,
                        sizeof(message)) != TFC_OK)
      return message;
    double took = millisecondsSince(start);
    if (i == 0)
      times.first = took;
    if (i >= options.warmup)
      times.calls.push_back(took);
  }
  for (double took : times.calls)
    times.mean += took / times.calls.size();
  std::sort(times.calls.begin(), times.calls.end());
  return "";
}

/// The regions of the model, those of the same nodes as one, in the order of
/// the first; then what is left of the time, without a name.
std::vector<tfc_region_time> timesOfNodes(const Times &times) {
  std::vector<tfc_region_time> nodes;
  std::map<std::string, size_t> places;
  tfc_region_time rest = {};
  rest.nodes = "";
  rest.nanoseconds = std::llround(1e6 * times.total());
  for (int64_t i = 0; i < times.numRegions; ++i) {
    const tfc_region_time &region = times.regions[i];
    auto [place, isNew] = places.try_emplace(region.nodes, nodes.size());
    if (isNew)
      nodes.push_back({region.nodes, 0, 0, 0, 0});
    tfc_region_time &node = nodes[place->second];
    node.calls += region.calls;
    node.nanoseconds += region.nanoseconds;
    node.multiply_adds += region.multiply_adds;
    node.bytes += region.bytes;
    rest.nanoseconds -= region.nanoseconds;
  }
  nodes.push_back(rest);
  return nodes;
}

double gflopsOf(const tfc_region_time &node) {
  return node.nanoseconds > 0 ? 2.0 * static_cast<double>(node.multiply_adds) /
                                    static_cast<double>(node.nanoseconds)
                              : 0;
}

/// A number of a table; a dash for zero, which stands for what is not known.
std::string cell(double value, int precision) {
  if (value <= 0)
    return "        -";
  char text[32];
  std::snprintf(text, sizeof(text), "%9.*f", precision, value);
  return text;
}

/// A line for each node, of one call on average.
void printNodes(const Times &times) {
  auto calls = static_cast<double>(times.calls.size());
  std::printf("          ms  share  GFLOP/s       MB  nodes\n");
  for (const tfc_region_time &node : timesOfNodes(times)) {
    double ms = 1e-6 * static_cast<double>(node.nanoseconds) / calls;
    double megabytes = 1e-6 * static_cast<double>(node.bytes) / calls;
    std::printf("%12.4f %5.1f%%%s%s  %s\n", ms, 100 * ms / times.mean,
                cell(gflopsOf(node), 1).c_str(), cell(megabytes, 3).c_str(),
                *node.nodes ? node.nodes : "(between nodes)");
  }
}

std::string nodesAsJson(const Times &times) {
  auto calls = static_cast<int64_t>(times.calls.size());
  std::string out;
  for (const tfc_region_time &node : timesOfNodes(times))
    out +=
        (out.empty() ? "{" : ", {") + ("\"node\": " + quoted(node.nodes)) +
        ", \"ms\": " +
        std::to_string(1e-6 * static_cast<double>(node.nanoseconds) /
                       static_cast<double>(calls)) +
        ", \"gflops\": " + std::to_string(gflopsOf(node)) +
        ", \"multiply_adds\": " + std::to_string(node.multiply_adds / calls) +
        ", \"bytes\": " + std::to_string(node.bytes / calls) + "}";
  return ", \"nodes\": [" + out + "]";
}

void printTimes(const Options &options, const tfc_model_info &info,
                tfc_session *session, int64_t threads,
                const std::vector<tfc_tensor> &inputs,
                const std::vector<tfc_tensor> &outputs, const Times &times) {
  if (options.json) {
    std::printf(
        "{\"model\": %s, \"threads\": %lld, \"repeat\": %lld, \"min_ms\": "
        "%.6f, "
        "\"median_ms\": %.6f, \"mean_ms\": %.6f, \"max_ms\": %.6f, "
        "\"first_ms\": %.6f, "
        "\"load_ms\": %.6f, \"arena_bytes\": %zu, \"weights_bytes\": %llu, "
        "\"inputs\": %s, \"outputs\": %s%s}\n",
        quoted(info.model_name).c_str(), static_cast<long long>(threads),
        static_cast<long long>(options.repeat), times.calls.front(),
        times.median(), times.mean, times.calls.back(), times.first, times.load,
        tfc_session_arena_bytes(session),
        static_cast<unsigned long long>(info.weights_bytes),
        tensorsAsJson(info.inputs, info.num_inputs, inputs).c_str(),
        tensorsAsJson(info.outputs, info.num_outputs, outputs).c_str(),
        times.regions ? nodesAsJson(times).c_str() : "");
    return;
  }
  if (options.repeat > 1)
    std::printf("%lld calls on %lld thread%s: min %.3f ms, median %.3f ms, max "
                "%.3f ms\n",
                static_cast<long long>(options.repeat),
                static_cast<long long>(threads), threads == 1 ? "" : "s",
                times.calls.front(), times.median(), times.calls.back());
  if (times.regions)
    printNodes(times);
}

/// Writes the outputs asked for, or shows what they are.
std::string deliver(const Options &options, const tfc_model_info &info,
                    const std::vector<Array> &outputs) {
  Arrays all;
  for (uint32_t i = 0; i < info.num_outputs; ++i)
    all[info.outputs[i].name] = outputs[i];
  for (const auto &[name, file] : options.outputFiles) {
    auto found = all.find(name);
    if (found == all.end())
      return "the model has no output '" + name + "'; it has " +
             namesOf(info.outputs, info.num_outputs);
    std::string error = writeNpy(file, found->second);
    if (!error.empty())
      return file + ": " + error;
  }
  if (!options.outputsFile.empty()) {
    std::string error = writeNpz(options.outputsFile, all);
    return error.empty() ? "" : options.outputsFile + ": " + error;
  }
  if (options.outputFiles.empty() && options.repeat == 1 && !options.json)
    for (uint32_t i = 0; i < info.num_outputs; ++i)
      std::printf("%s: %s\n", info.outputs[i].name,
                  summary(outputs[i]).c_str());
  return "";
}

/// Has the model take the emulator for the GPU's driver.
std::string useEmulator() {
  std::error_code error;
  std::filesystem::path program =
      std::filesystem::read_symlink("/proc/self/exe", error);
  std::string library =
      (program.parent_path().parent_path() / "lib" / "libtfcEmulator.so")
          .string();
  if (access(library.c_str(), R_OK) != 0)
    return "cannot find the emulator, " + library;
  return setenv("TFC_CUDA_DRIVER", library.c_str(), /*overwrite=*/1) == 0
             ? ""
             : "the system has no room for a variable";
}

int runModel(const Options &options) {
  if (options.emulate) {
    std::string error = useEmulator();
    if (!error.empty())
      return refuse(error);
  }
  char message[512] = "";
  Times times;
  Clock::time_point start = Clock::now();
  std::unique_ptr<tfc_library, Closer> library(
      tfc_library_open(options.model.c_str(), message, sizeof(message)));
  if (!library)
    return refuse(options.model + ": " + message);
  times.load = millisecondsSince(start);
  const tfc_model_info &info = *tfc_library_get_info(library.get());
  if (options.describe) {
    std::fputs((options.json ? describeAsJson(info) : describe(info)).c_str(),
               stdout);
    return ExitSuccess;
  }
  Arrays given;
  std::string error = gatherInputs(options, info, given);
  if (!error.empty())
    return refuse(error);
  std::vector<tfc_tensor> inputs;
  std::vector<CacheBuffer> caches(info.num_inputs);
  for (uint32_t i = 0; i < info.num_inputs; ++i) {
    Array &array = given[info.inputs[i].name];
    inputs.push_back(asTensor(array));
    if (info.inputs[i].cache < 0)
      continue;
    caches[i] = CacheBuffer(info.inputs[i], array);
    inputs[i].data = caches[i].data();
  }

  std::unique_ptr<tfc_pool, Closer> pool(tfc_pool_create(options.threads));
  std::unique_ptr<tfc_session, Closer> session(
      pool ? tfc_session_create(library.get(), pool.get()) : nullptr);
  if (!session)
    return refuse("the system has no room for " +
                  std::to_string(options.threads) + " threads");
  if (options.profile &&
      !tfc_session_start_profile(session.get(), &times.numRegions))
    return refuse(options.model +
                  ": it tells no nodes; compile it with tfc --profile");
  if (tfc_session_prepare(session.get(), inputs.data(), message,
                          sizeof(message)) != TFC_OK)
    return refuse(options.model + ": " + message);
  std::vector<Array> results(info.num_outputs);
  std::vector<tfc_tensor> outputs;
  for (uint32_t i = 0; i < info.num_outputs; ++i) {
    const int64_t *dims = tfc_session_output_dims(session.get(), i);
    results[i].type = info.outputs[i].type;
    results[i].dims.assign(dims, dims + info.outputs[i].rank);
    results[i].data.resize(results[i].elements() *
                           elementBytes(results[i].type));
    outputs.push_back(asTensor(results[i]));
    if (info.outputs[i].cache >= 0)
      outputs[i].data = caches[info.outputs[i].cache].data();
  }
  error = callModel(options, session.get(), inputs, outputs, times);
  if (!error.empty())
    return refuse(options.model + ": " + error);
  for (uint32_t i = 0; i < info.num_outputs; ++i) {
    // Data may have made an output smaller than its buffer.
    const int64_t *dims = tfc_session_output_dims(session.get(), i);
    results[i].dims.assign(dims, dims + info.outputs[i].rank);
    results[i].data.resize(results[i].elements() *
                           elementBytes(results[i].type));
    if (info.outputs[i].cache >= 0)
      caches[info.outputs[i].cache].copyTo(results[i]);
  }
  error = deliver(options, info, results);
  if (!error.empty())
    return refuse(error);
  printTimes(options, info, session.get(), tfc_pool_num_threads(pool.get()),
             inputs, outputs, times);
  return ExitSuccess;
}

/// What a call on a device took, as text or JSON.
void printUsage(const Options &options, const DeviceHeader &header,
                const DeviceUsage &usage) {
  std::printf(
      options.json
          ? "{\"instructions\": %llu, \"stack_bytes\": %u, "
            "\"stack_bytes_declared\": %lld, \"arena_bytes\": %u, "
            "\"arena_bytes_declared\": %lld, \"flash_bytes\": %lld"
          : "%llu instructions; stack: %u of %lld bytes used, arena: %u of "
            "%lld, flash: %lld bytes\n",
      static_cast<unsigned long long>(usage.instructions), usage.stackBytes,
      static_cast<long long>(header.stackBytes), usage.arenaBytes,
      static_cast<long long>(header.arenaBytes),
      static_cast<long long>(header.flashBytes));
  if (options.json && options.profile)
    std::printf(", \"nodes\": [");
  for (size_t i = 0; i < usage.nodes.size(); ++i) {
    const std::string name = i < header.nodes.size() ? header.nodes[i] : "";
    auto count = static_cast<unsigned long long>(usage.nodes[i]);
    if (options.json)
      std::printf("%s{\"node\": %s, \"instructions\": %llu}", i ? ", " : "",
                  quoted(name).c_str(), count);
    else
      std::printf("%12llu %5.1f%%  %s\n", count,
                  100.0 * static_cast<double>(count) /
                      static_cast<double>(usage.instructions),
                  name.empty() ? "(between nodes)" : name.c_str());
  }
  if (options.json)
    std::printf(options.profile ? "]}\n" : "}\n");
}

int runDeviceModel(const Options &options) {
  DeviceHeader header;
  std::string headerFile =
      std::filesystem::path(options.model).replace_extension(".h").string();
  std::string error = header.read(headerFile);
  if (!error.empty())
    return refuse(headerFile + ": " + error);
  tfc_model_info info = header.describe();
  if (options.describe) {
    std::fputs((options.json ? describeAsJson(info) : describe(info)).c_str(),
               stdout);
    return ExitSuccess;
  }
  Arrays inputs;
  std::vector<Array> outputs;
  DeviceUsage usage;
  error = gatherInputs(options, info, inputs);
  if (error.empty())
    error = runOnDevice(options, header, inputs, outputs, usage);
  if (error.empty())
    error = deliver(options, info, outputs);
  if (!error.empty())
    return refuse(error);
  printUsage(options, header, usage);
  return ExitSuccess;
}

} // namespace

int main(int argc, char **argv) {
  Options options;
  std::string error =
      options.parse(std::vector<std::string>(argv + 1, argv + argc));
  if (options.help || options.version) {
    std::fputs(
        (options.help ? Options::helpText() : Options::versionText()).c_str(),
        stdout);
    return ExitSuccess;
  }
  if (!error.empty()) {
    std::fprintf(stderr, "tfc-run: error: %s\n", error.c_str());
    return ExitUsage;
  }
  return options.cortexM7 ? runDeviceModel(options) : runModel(options);
}
