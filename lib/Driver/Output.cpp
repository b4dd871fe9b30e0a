//===- Output.cpp - files written whole or not at all -----------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Output.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Signals.h"

using namespace tfc;

static llvm::Error cannotWrite(llvm::StringRef path, llvm::StringRef reason) {
  return llvm::createStringError("cannot write '" + path + "': " + reason);
}

/// Devices and pipes cannot be replaced by renaming; they are written in place.
static bool isSpecial(llvm::StringRef path) {
  llvm::sys::fs::file_status status;
  return !llvm::sys::fs::status(path, status) &&
         llvm::sys::fs::exists(status) &&
         !llvm::sys::fs::is_regular_file(status);
}

llvm::Error
tfc::writeWhole(llvm::StringRef path,
                llvm::function_ref<void(llvm::raw_ostream &)> write) {
  if (isSpecial(path)) {
    std::error_code problem;
    llvm::raw_fd_ostream stream(path, problem);
    if (problem)
      return cannotWrite(path, problem.message());
    write(stream);
    return llvm::Error::success();
  }
  auto file = llvm::sys::fs::TempFile::create(path + ".%%%%%%.tmp",
                                              llvm::sys::fs::all_read |
                                                  llvm::sys::fs::owner_write);
  if (!file)
    return cannotWrite(path, llvm::toString(file.takeError()));
  std::error_code problem;
  {
    llvm::raw_fd_ostream stream(file->FD, /*shouldClose=*/false);
    write(stream);
    stream.flush();
    problem = stream.error();
    stream.clear_error();
  }
  if (problem) {
    llvm::consumeError(file->discard());
    return cannotWrite(path, problem.message());
  }
  if (llvm::Error failed = file->keep(path))
    return cannotWrite(path, llvm::toString(std::move(failed)));
  return llvm::Error::success();
}

llvm::Error tfc::checkWritable(llvm::StringRef path) {
  if (llvm::sys::fs::is_directory(path))
    return cannotWrite(path, "it is a folder");
  llvm::StringRef folder = llvm::sys::path::parent_path(path);
  if (folder.empty())
    folder = ".";
  if (!llvm::sys::fs::is_directory(folder))
    return cannotWrite(path, ("there is no folder '" + folder + "'").str());
  if (isSpecial(path))
    return llvm::Error::success();
  if (std::error_code problem =
          llvm::sys::fs::access(folder, llvm::sys::fs::AccessMode::Write))
    return cannotWrite(path, problem.message());
  return llvm::Error::success();
}

llvm::Error ScratchFile::create(llvm::StringRef path) {
  llvm::SmallString<256> result;
  std::error_code problem =
      path.empty()
          ? llvm::sys::fs::createTemporaryFile("tfc", "tmp", result)
          : llvm::sys::fs::createUniqueFile(path + ".%%%%%%.tmp", result);
  if (problem)
    return cannotWrite(path.empty() ? "a temporary file" : path,
                       problem.message());
  file = result.str().str();
  llvm::sys::RemoveFileOnSignal(file);
  return llvm::Error::success();
}

ScratchFile::~ScratchFile() {
  if (file.empty())
    return;
  llvm::sys::fs::remove(file);
  llvm::sys::DontRemoveFileOnSignal(file);
}

llvm::Error ScratchFolder::create() {
  llvm::SmallString<256> result;
  if (std::error_code problem =
          llvm::sys::fs::createUniqueDirectory("tfc", result))
    return cannotWrite("a temporary folder", problem.message());
  folder = result.str().str();
  return llvm::Error::success();
}

std::string ScratchFolder::file(llvm::StringRef name) const {
  llvm::SmallString<256> path(folder);
  llvm::sys::path::append(path, name);
  return path.str().str();
}

ScratchFolder::~ScratchFolder() {
  if (!folder.empty())
    llvm::sys::fs::remove_directories(folder);
}
