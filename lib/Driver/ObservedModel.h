//===- ObservedModel.h - calls of a model that returns more -----*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_LIB_DRIVER_OBSERVEDMODEL_H
#define TFC_LIB_DRIVER_OBSERVEDMODEL_H

#include "CalibrationData.h"
#include "PhaseLog.h"

#include "tfc/Runtime/runtime.h"

#include <memory>

namespace tfc {

/// A compiled model with its threads and the outputs of its last call.
class ObservedModel {
public:
  /// Says what is wrong; empty where nothing is. With `sharing`, which is to
  /// live as long, its threads are this model's too.
  std::string open(const std::string &file,
                   const ObservedModel *sharing = nullptr);
  std::string call(std::vector<tfc_tensor> inputs);
  /// The first half of a call, and the second.
  std::string prepare(llvm::ArrayRef<tfc_tensor> inputs);
  std::string run(llvm::ArrayRef<tfc_tensor> inputs);

  int64_t numThreads() const { return tfc_pool_num_threads(threads); }

  /// Calls it with each sample, and `more` behind it; `use` reads the results
  /// of sample i, and ends the calls by false. `error` is empty where `use`
  /// did.
  bool callAll(CalibrationData &data, PhaseLog &log, std::string &error,
               llvm::function_ref<bool(int64_t)> use,
               llvm::ArrayRef<tfc_tensor> more = {});

  size_t numOutputs() const {
    return tfc_library_get_info(library.get())->num_outputs;
  }

  std::string nameOf(size_t i) const {
    return tfc_library_get_info(library.get())->outputs[i].name;
  }
  int32_t typeOf(size_t i) const { return results[i].type; }
  llvm::ArrayRef<int64_t> dimsOf(size_t i) const { return results[i].dims; }

  /// The elements of output `i`, which is of `T`.
  template <typename T>
  llvm::ArrayRef<T> numbers(size_t i) const {
    return {reinterpret_cast<const T *>(results[i].data.data()),
            results[i].data.size() / sizeof(T)};
  }

private:
  /// Goes on with one thread where more do not help, as with small models.
  void chooseThreads(llvm::ArrayRef<tfc_tensor> inputs);
  double leastSeconds(llvm::ArrayRef<tfc_tensor> inputs);

  struct Closer {
    void operator()(tfc_library *library) const { tfc_library_close(library); }
    void operator()(tfc_pool *pool) const { tfc_pool_destroy(pool); }
    void operator()(tfc_session *session) const {
      tfc_session_destroy(session);
    }
  };
  std::unique_ptr<tfc_library, Closer> library;
  std::unique_ptr<tfc_pool, Closer> pool;
  tfc_pool *threads = nullptr;
  std::unique_ptr<tfc_session, Closer> session;
  std::vector<run::Array> results;
  std::vector<tfc_tensor> outputs;
  bool choseThreads = false;
};

} // namespace tfc

#endif // TFC_LIB_DRIVER_OBSERVEDMODEL_H
