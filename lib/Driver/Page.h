//===- Page.h - HTML that stands alone --------------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_LIB_DRIVER_PAGE_H
#define TFC_LIB_DRIVER_PAGE_H

#include "llvm/Support/raw_ostream.h"

namespace tfc {

/// `text` as HTML shows it.
std::string escaped(llvm::StringRef text);

/// A page that needs no other file, light or dark as the reader has it. Its
/// parts colour what they draw by the variables `--ink`, `--paper`, `--line`,
/// `--weak`, `--mark` and `--front`.
class Page {
public:
  /// Writes the beginning, and the end when it is destroyed.
  Page(llvm::raw_ostream &stream, llvm::StringRef title);
  ~Page();
  Page(const Page &) = delete;
  Page &operator=(const Page &) = delete;

  void beginPart(llvm::StringRef title);
  void addParagraph(llvm::StringRef text);

private:
  llvm::raw_ostream &stream;
};

} // namespace tfc

#endif // TFC_LIB_DRIVER_PAGE_H
