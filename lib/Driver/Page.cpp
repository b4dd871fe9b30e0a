//===- Page.cpp - HTML that stands alone ------------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Page.h"

#include "llvm/ADT/StringExtras.h"

using namespace tfc;
using llvm::StringRef;

std::string tfc::escaped(StringRef text) {
  std::string result;
  llvm::raw_string_ostream stream(result);
  llvm::printHTMLEscaped(text, stream);
  return result;
}

Page::Page(llvm::raw_ostream &stream, StringRef title) : stream(stream) {
  stream
      << "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
         "<title>"
      << escaped(title)
      << "</title>\n<style>:root{color-scheme:light dark;--ink:#222;"
         "--paper:#fff;--line:#ddd;--weak:#8a8a8a;--mark:#c00;--front:#06c}\n"
         "@media(prefers-color-scheme:dark){:root{--ink:#ddd;--paper:#181818;"
         "--line:#3a3a3a;--weak:#888;--mark:#ff6b5e;--front:#6cb2ff}}\n"
         "body{font-family:sans-serif;margin:2em;color:var(--ink);"
         "background:var(--paper)}svg text{font-size:11px;fill:var(--ink)}"
         ".axis{stroke:var(--line)}td,th{padding:.1em .8em;text-align:left}"
         "</style></head><body>\n<h1>"
      << escaped(title) << "</h1>\n";
}

Page::~Page() { stream << "</body></html>\n"; }

void Page::beginPart(StringRef title) {
  stream << "<h2>" << escaped(title) << "</h2>\n";
}

void Page::addParagraph(StringRef text) {
  stream << "<p>" << escaped(text) << "</p>\n";
}
