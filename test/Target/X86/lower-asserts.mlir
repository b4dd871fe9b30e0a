// RUN: tfc-opt %s --x86-lower-asserts --split-input-file --verify-diagnostics | FileCheck %s

// Equal messages share a number.

// CHECK: x86.checks = ["sizes differ", "index out of range"]
func.func @numbered(%a: i1, %b: i1) {
  // CHECK: x86.check %{{.*}}, 0
  cf.assert %a, "sizes differ"
  // CHECK: x86.check %{{.*}}, 1
  cf.assert %b, "index out of range"
  // CHECK: x86.check %{{.*}}, 0
  cf.assert %b, "sizes differ"
  return
}

// -----

func.func @parallel(%a: i1, %n: index) {
  x86.parallel %n grain %n : index {
  ^bb0(%begin: index, %end: index, %worker: index):
    // expected-error @below {{a check inside a parallel region cannot end the call}}
    cf.assert %a, "never"
    x86.yield
  }
  return
}
