//===- Device.cpp - runs an artefact on an emulated device --------- -*- C++
//-*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Device.h"
#include "Harness.h"

#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace tfc::run;
namespace fs = std::filesystem;

namespace {

/// A folder of its own among the system's temporary files.
class Folder {
public:
  Folder() {
    std::error_code error;
    std::string name = fs::temp_directory_path(error) / "tfc-run-XXXXXX";
    if (!error && mkdtemp(name.data()))
      path = name;
  }
  ~Folder() {
    std::error_code error;
    if (!path.empty())
      fs::remove_all(path, error);
  }
  Folder(const Folder &) = delete;
  Folder &operator=(const Folder &) = delete;

  fs::path path;
};

/// The file of a program that PATH has; empty where there is none.
std::string findProgram(std::initializer_list<const char *> names) {
  const char *variable = std::getenv("PATH");
  std::string folders = variable ? variable : "";
  for (const char *name : names)
    for (size_t at = 0; at <= folders.size();) {
      size_t end = std::min(folders.find(':', at), folders.size());
      std::string file = folders.substr(at, end - at) + "/" + name;
      if (access(file.c_str(), X_OK) == 0)
        return file;
      at = end + 1;
    }
  return "";
}

std::string readText(const fs::path &path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

bool writeText(const fs::path &path, const char *data, size_t bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(data, static_cast<std::streamsize>(bytes));
  file.close();
  return !file.fail();
}

/// What a program may take: some 10^11 emulated instructions.
constexpr int seconds = 600;

/// Runs a program in `folder`; an empty string, or what it printed.
std::string execute(const fs::path &folder,
                    const std::vector<std::string> &words) {
  std::vector<char *> arguments;
  for (const std::string &word : words)
    arguments.push_back(const_cast<char *>(word.c_str()));
  arguments.push_back(nullptr);
  fs::path log = folder / "log";
  pid_t child = fork();
  if (child == 0) {
    int out = open(log.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600);
    int in = open("/dev/null", O_RDONLY);
    if (out < 0 || in < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 ||
        dup2(out, 2) < 0 || chdir(folder.c_str()) != 0)
      _exit(127);
    execv(arguments[0], arguments.data());
    _exit(127);
  }
  int status = 0;
  if (child < 0)
    return "the system cannot start " + words[0];
  auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  for (pid_t done = 0; (done = waitpid(child, &status, WNOHANG)) != child;) {
    if (done < 0)
      return "the system lost " + words[0];
    if (std::chrono::steady_clock::now() > end) {
      kill(child, SIGKILL);
      waitpid(child, &status, 0);
      return words[0] + " did not end within " + std::to_string(seconds) +
             " seconds";
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
    return "";
  std::string text = readText(log);
  if (!text.empty())
    return text;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 99)
    return "the program faulted";
  if (WIFSIGNALED(status))
    return words[0] + " was ended by signal " +
           std::to_string(WTERMSIG(status));
  return words[0] + " ended with code " + std::to_string(WEXITSTATUS(status));
}

/// The words of a command that compiles and links main.c and artefact.o, empty
/// where no compiler is.
std::vector<std::string> linkCommand(const DeviceHeader &header) {
  std::string abi =
      std::string("-mfloat-abi=") + (header.hardFloat ? "hard" : "softfp");
  std::vector<std::string> words;
  if (std::string clang = findProgram({"clang-22", "clang"}); !clang.empty())
    words = {clang, "--target=thumbv7em-none-eabi", "-fuse-ld=lld"};
  else if (std::string gcc = findProgram({"arm-none-eabi-gcc"}); !gcc.empty())
    words = {gcc, "-mthumb"};
  else
    return {};
  words.insert(words.end(),
               {"-mcpu=cortex-m7", "-mfpu=fpv5-sp-d16", abi, "-std=c99", "-O2",
                "-ffreestanding", "-fno-builtin", "-nostdlib", "-static",
                "-Wl,-T,board.ld", "-o", "program.elf", "main.c",
                "artefact.o"});
  return words;
}

std::string writeHarness(const Options &options, const DeviceHeader &header,
                         const std::string &headerFile,
                         const fs::path &folder) {
  std::error_code error;
  fs::copy_file(options.model, folder / "artefact.o", error);
  if (error)
    return options.model + ": " + error.message();
  fs::copy_file(headerFile, folder / "artefact.h", error);
  if (error)
    return headerFile + ": " + error.message();
  std::string source = harnessSource(header, options),
              script = harnessLinkerScript(header, options);
  if (!writeText(folder / "main.c", source.data(), source.size()) ||
      !writeText(folder / "board.ld", script.data(), script.size()))
    return folder.string() + ": cannot write";
  return "";
}

constexpr int32_t float32 = 1, uint8 = 2;

/// Rounds f32 to the integers that a model takes, as ONNX's QuantizeLinear.
void quantize(const DeviceHeader::Tensor &tensor, Array &array) {
  bool isUnsigned = tensor.type == uint8;
  double least = isUnsigned ? 0 : -128, most = isUnsigned ? 255 : 127;
  std::vector<char> bytes;
  for (size_t i = 0; i + 4 <= array.data.size(); i += 4) {
    float x;
    std::memcpy(&x, array.data.data() + i, 4);
    float steps = std::nearbyint(x / static_cast<float>(tensor.scale));
    double rounded = static_cast<double>(steps) + tensor.zeroPoint;
    rounded = std::fmin(std::fmax(rounded, least), most);
    bytes.push_back(static_cast<char>(static_cast<int>(rounded)));
  }
  array.data.assign(bytes.begin(), bytes.end());
  array.type = tensor.type;
}

/// What integers of a model stand for.
void dequantize(const DeviceHeader::Tensor &tensor, Array &array) {
  bool isUnsigned = tensor.type == uint8;
  std::vector<char> bytes;
  for (char byte : array.data) {
    int value =
        isUnsigned ? static_cast<uint8_t>(byte) : static_cast<int8_t>(byte);
    float x = static_cast<float>(value - tensor.zeroPoint) *
              static_cast<float>(tensor.scale);
    const char *raw = reinterpret_cast<const char *>(&x);
    bytes.insert(bytes.end(), raw, raw + sizeof x);
  }
  array.data.assign(bytes.begin(), bytes.end());
  array.type = float32;
}

std::string checkInput(const DeviceHeader::Tensor &tensor, const Array &array) {
  if (!storedAlike(array.type, tensor.type))
    return "input '" + tensor.name + "' must be of type " +
           typeName(tensor.type) + ", not " + typeName(array.type);
  if (array.dims == tensor.dims)
    return "";
  auto text = [](const std::vector<int64_t> &dims) {
    std::string out = "[";
    for (size_t i = 0; i < dims.size(); ++i)
      out += (i ? ", " : "") + std::to_string(dims[i]);
    return out + "]";
  };
  return "input '" + tensor.name + "' must be " + text(tensor.dims) + ", not " +
         text(array.dims);
}

std::string readOutputs(const DeviceHeader &header, const fs::path &folder,
                        std::vector<Array> &outputs) {
  for (size_t i = 0; i < header.outputs.size(); ++i) {
    Array array;
    array.type = header.outputs[i].type;
    array.dims = header.outputs[i].dims;
    std::string bytes = readText(folder / ("out" + std::to_string(i)));
    if (bytes.size() != array.elements() * elementBytes(array.type))
      return "output '" + header.outputs[i].name + "' is not complete";
    array.data.assign(bytes.begin(), bytes.end());
    if (header.outputs[i].scale > 0)
      dequantize(header.outputs[i], array);
    outputs.push_back(std::move(array));
  }
  return "";
}

std::string readProfile(const DeviceHeader &header, const fs::path &folder,
                        DeviceUsage &usage) {
  std::string bytes = readText(folder / "profile");
  usage.nodes.resize(header.nodes.size() + 1);
  if (bytes.size() != usage.nodes.size() * sizeof(uint64_t))
    return "the counts of the nodes are not complete";
  std::memcpy(usage.nodes.data(), bytes.data(), bytes.size());
  usage.instructions = 0;
  for (uint64_t count : usage.nodes)
    usage.instructions += count;
  return "";
}

/// What the program measured, against what the header says.
std::string judge(const DeviceHeader &header, const fs::path &folder,
                  bool profile, DeviceUsage &usage) {
  std::string bytes = readText(folder / "result");
  HarnessResult result = {};
  if (bytes.size() != sizeof(result))
    return "the program did not come to its end";
  std::memcpy(&result, bytes.data(), sizeof(result));
  usage.instructions = result.ticks * instructionsPerTick;
  usage.stackBytes = result.stackBytes;
  usage.arenaBytes = result.arenaBytes;
  if (result.guardBroken)
    return "the model writes beyond its arena of " +
           std::to_string(header.arenaBytes) + " bytes";
  int64_t stack = header.stackBytes + (profile ? profileStack : 0);
  if (result.stackBytes > stack)
    return "the model takes " + std::to_string(result.stackBytes) +
           " bytes of stack, more than the " +
           std::to_string(header.stackBytes) + " of its header";
  if (result.disordered)
    return "the model asks for rows of an input in another order than its "
           "header says";
  if (result.status == 3)
    return "an input ended before the model had all of its rows";
  if (result.status == 2)
    return "the model refuses an input: it holds what the model cannot take, "
           "as an index beyond a table";
  if (result.status != 0)
    return "the model returns status " + std::to_string(result.status);
  return profile ? readProfile(header, folder, usage) : "";
}

} // namespace

std::string tfc::run::runOnDevice(const Options &options, DeviceHeader &header,
                                  Arrays &inputs, std::vector<Array> &outputs,
                                  DeviceUsage &usage) {
  if (header.arenaBytes + header.stackBytes > options.ram)
    return "arena and stack need " +
           std::to_string(header.arenaBytes + header.stackBytes) +
           " bytes, more than the " + std::to_string(options.ram) + " of --ram";
  if (header.flashBytes > options.flash)
    return "code and constants need " + std::to_string(header.flashBytes) +
           " bytes, more than the " + std::to_string(options.flash) +
           " of --flash";
  if (options.profile && header.nodes.empty())
    return "the object announces no nodes; compile it with tfc --profile";
  std::string emulator = findProgram({"qemu-system-arm"});
  if (emulator.empty())
    return "qemu-system-arm is not there; on Debian: apt-get install "
           "qemu-system-arm";
  std::vector<std::string> link = linkCommand(header);
  if (link.empty())
    return "no compiler for Arm is there; on Debian: apt-get install clang-22 "
           "lld-22, or gcc-arm-none-eabi";
  Folder folder;
  if (folder.path.empty())
    return "cannot make a temporary folder";
  std::string headerFile =
      fs::path(options.model).replace_extension(".h").string();
  std::string error = writeHarness(options, header, headerFile, folder.path);
  if (!error.empty())
    return error;
  for (size_t i = 0; i < header.inputs.size(); ++i) {
    Array &array = inputs[header.inputs[i].name];
    if (header.inputs[i].scale > 0 && array.type == float32)
      quantize(header.inputs[i], array);
    error = checkInput(header.inputs[i], array);
    if (!error.empty())
      return error;
    if (!writeText(folder.path / ("in" + std::to_string(i)), array.data.data(),
                   array.data.size()))
      return folder.path.string() + ": cannot write";
  }
  error = execute(folder.path, link);
  if (!error.empty())
    return "the model cannot be linked: " + error;
  error = execute(
      folder.path,
      {emulator, "-M", "mps2-an500", "-cpu", "cortex-m7", "-icount",
       "shift=" + std::to_string(options.profile ? profileShift : 3),
       "-semihosting-config", "enable=on,target=native", "-display", "none",
       "-monitor", "none", "-serial", "none", "-kernel", "program.elf"});
  if (!error.empty())
    return "the emulator failed: " + error;
  error = judge(header, folder.path, options.profile, usage);
  return error.empty() ? readOutputs(header, folder.path, outputs) : error;
}
