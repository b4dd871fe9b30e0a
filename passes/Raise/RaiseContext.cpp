//===- RaiseContext.cpp - what rules of raising share -----------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RaiseContext.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/DialectResourceBlobManager.h"

using namespace mlir;
using namespace tfc::raise;

bool tfc::raise::isFloat(int32_t kind) {
  return kind == Float32 || kind == Float16 || kind == Float64 ||
         kind == BFloat16;
}

int32_t tfc::raise::accumulatorKind(int32_t kind) {
  return kind == Float16 || kind == BFloat16 ? static_cast<int32_t>(Float32)
                                             : kind;
}

Value tfc::raise::widened(OpBuilder &b, Location loc, Value x, Type type) {
  if (x.getType() == type)
    return x;
  return arith::ExtFOp::create(b, loc, type, x);
}

Value tfc::raise::constantLike(OpBuilder &b, Location loc, Value like,
                               double value) {
  Type type = like.getType();
  if (isa<FloatType>(type))
    return arith::ConstantOp::create(b, loc, b.getFloatAttr(type, value));
  return arith::ConstantOp::create(
      b, loc, b.getIntegerAttr(type, static_cast<int64_t>(value)));
}

bool tfc::raise::isUnsigned(int32_t kind) {
  return kind == UInt8 || kind == UInt16 || kind == UInt32 || kind == UInt64 ||
         kind == UInt4 || kind == UInt2;
}

bool tfc::raise::isSmallFloat(int32_t kind) {
  return (kind >= Float8E4M3FN && kind <= Float8E5M2FNUZ) || kind == Float4E2M1;
}

unsigned tfc::raise::smallIntegerWidth(int32_t kind) {
  if (kind == Int4 || kind == UInt4)
    return 4;
  return kind == Int2 || kind == UInt2 ? 2 : 0;
}

bool tfc::raise::isKnownKind(int32_t kind) {
  return isFloat(kind) || isUnsigned(kind) || isSmallFloat(kind) ||
         smallIntegerWidth(kind) || kind == Bool || kind == Int8 ||
         kind == Int16 || kind == Int32 || kind == Int64;
}

Type tfc::raise::typeOfKind(MLIRContext *context, int32_t kind) {
  auto integer = [&](unsigned width) -> Type {
    return IntegerType::get(context, width,
                            isUnsigned(kind) ? IntegerType::Unsigned
                                             : IntegerType::Signless);
  };
  if (unsigned width = smallIntegerWidth(kind))
    return integer(width);
  switch (kind) {
  case Float32:
    return Float32Type::get(context);
  case Float16:
    return Float16Type::get(context);
  case Float64:
    return Float64Type::get(context);
  case BFloat16:
    return BFloat16Type::get(context);
  case Float8E4M3FN:
    return Float8E4M3FNType::get(context);
  case Float8E4M3FNUZ:
    return Float8E4M3FNUZType::get(context);
  case Float8E5M2:
    return Float8E5M2Type::get(context);
  case Float8E5M2FNUZ:
    return Float8E5M2FNUZType::get(context);
  case Float4E2M1:
    return Float4E2M1FNType::get(context);
  case Bool:
    return integer(1);
  case Int8:
  case UInt8:
    return integer(8);
  case Int16:
  case UInt16:
    return integer(16);
  case Int32:
  case UInt32:
    return integer(32);
  default:
    return integer(64);
  }
}

int32_t tfc::raise::kindOfElement(Type type) {
  for (int32_t kind = Float32; kind <= Int2; ++kind)
    if (isKnownKind(kind) && typeOfKind(type.getContext(), kind) == type)
      return kind;
  return 0;
}

Type RaiseContext::elementType(int32_t kind) {
  switch (kind) {
  case Float32:
    return b.getF32Type();
  case Float16:
    return b.getF16Type();
  case Float64:
    return b.getF64Type();
  case BFloat16:
    return b.getBF16Type();
  case Bool:
    return b.getI1Type();
  case Int8:
  case UInt8:
  case Int4:
  case UInt4:
  case Int2:
  case UInt2:
  case Float8E4M3FN:
  case Float8E4M3FNUZ:
  case Float8E5M2:
  case Float8E5M2FNUZ:
  case Float4E2M1:
    return b.getI8Type();
  case Int16:
  case UInt16:
    return b.getI16Type();
  case Int32:
  case UInt32:
    return b.getI32Type();
  default:
    return b.getI64Type();
  }
}

RankedTensorType RaiseContext::tensorType(ArrayRef<OpFoldResult> shape,
                                          int32_t kind) {
  SmallVector<int64_t> dims;
  for (OpFoldResult size : shape)
    dims.push_back(getConstantIntValue(size).value_or(ShapedType::kDynamic));
  return RankedTensorType::get(dims, elementType(kind));
}

Value RaiseContext::empty(ArrayRef<OpFoldResult> shape, int32_t kind) {
  return tensor::EmptyOp::create(b, loc, shape, elementType(kind));
}

Value RaiseContext::filled(ArrayRef<OpFoldResult> shape, Value scalar,
                           int32_t kind) {
  return linalg::FillOp::create(b, loc, scalar, empty(shape, kind))
      .getResult(0);
}

Value RaiseContext::constantOf(int32_t kind, double value) {
  Type type = elementType(kind);
  if (isa<FloatType>(type))
    return arith::ConstantOp::create(b, loc, b.getFloatAttr(type, value));
  return arith::ConstantOp::create(
      b, loc, b.getIntegerAttr(type, static_cast<int64_t>(value)));
}

Value RaiseContext::value(OpFoldResult size) {
  return getValueOrCreateConstantIndexOp(b, loc, size);
}

//===----------------------------------------------------------------------===//
// Constants and elements
//===----------------------------------------------------------------------===//

/// The same contents with elements as raised tensors hold them.
static ElementsAttr asHeld(ElementsAttr attr, RankedTensorType type,
                           int32_t kind) {
  if (attr.getType() == type)
    return attr;
  if (auto dense = dyn_cast<DenseElementsAttr>(attr)) {
    if (isSmallFloat(kind))
      return dense.mapValues(type.getElementType(), [](const APFloat &value) {
        return value.bitcastToAPInt().zext(8);
      });
    if (smallIntegerWidth(kind))
      return dense.mapValues(type.getElementType(), [&](const APInt &value) {
        return isUnsigned(kind) ? value.zext(8) : value.sext(8);
      });
  }
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(attr))
    return DenseResourceElementsAttr::get(type, resource.getRawHandle());
  return cast<DenseElementsAttr>(attr).bitcast(type.getElementType());
}

Value RaiseContext::tensor(Raised &raised) {
  if (raised.tensor)
    return raised.tensor;
  if (!raised.constant && raised.elements) {
    RankedTensorType type = tensorType(raised.shape, raised.kind);
    SmallVector<Value> scalars;
    for (OpFoldResult element : *raised.elements) {
      Value scalar;
      if (auto attr = dyn_cast<Attribute>(element)) {
        double number = isa<FloatAttr>(attr)
                            ? cast<FloatAttr>(attr).getValueAsDouble()
                            : cast<IntegerAttr>(attr).getInt();
        scalar = constantOf(raised.kind, number);
      } else {
        scalar = cast<Value>(element);
        if (raised.kind == Bool)
          scalar = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne,
                                         scalar, value(size(0)));
        else if (scalar.getType().isIndex())
          scalar = b.createOrFold<arith::IndexCastOp>(
              loc, elementType(raised.kind), scalar);
      }
      scalars.push_back(scalar);
    }
    if (scalars.empty())
      return raised.tensor = empty(raised.shape, raised.kind);
    return raised.tensor =
               b.createOrFold<tensor::FromElementsOp>(loc, type, scalars);
  }
  ElementsAttr attr = asHeld(
      raised.constant, tensorType(raised.shape, raised.kind), raised.kind);
  Value &known = constants[attr];
  if (!known) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(entry);
    known = arith::ConstantOp::create(b, loc, cast<TypedAttr>(attr));
  }
  return raised.tensor = known;
}

template <typename Stored>
static void readIntegers(ArrayRef<char> data, Builder &b, Sizes &out) {
  for (size_t i = 0; i + sizeof(Stored) <= data.size(); i += sizeof(Stored)) {
    Stored value;
    memcpy(&value, data.data() + i, sizeof(Stored));
    out.push_back(b.getIndexAttr(static_cast<int64_t>(value)));
  }
}

/// Elements of a constant whose bytes lie in a resource.
static std::optional<Sizes> readResource(DenseResourceElementsAttr attr,
                                         int32_t kind, Builder &b) {
  AsmResourceBlob *blob = attr.getRawHandle().getBlob();
  if (!blob)
    return std::nullopt;
  Sizes out;
  switch (kind) {
  case Int64:
    readIntegers<int64_t>(blob->getData(), b, out);
    return out;
  case Int32:
    readIntegers<int32_t>(blob->getData(), b, out);
    return out;
  case Bool:
    readIntegers<int8_t>(blob->getData(), b, out);
    return out;
  default:
    return std::nullopt;
  }
}

std::optional<Sizes> RaiseContext::elements(Raised &raised) {
  if (raised.elements)
    return raised.elements;
  // Of nothing, all is known.
  if (raised.rank() > 0 && llvm::any_of(raised.shape, [](OpFoldResult size) {
        return isConstantIntValue(size, 0);
      }))
    return llvm::all_of(raised.shape,
                        [](OpFoldResult size) {
                          return getConstantIntValue(size).has_value();
                        })
               ? std::optional(Sizes())
               : std::nullopt;
  if (!raised.constant)
    return raised.elements;
  if (raised.constant.getNumElements() > maxElements)
    return std::nullopt;
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(raised.constant))
    return raised.elements = readResource(resource, raised.kind, b);
  auto dense = dyn_cast<DenseElementsAttr>(raised.constant);
  if (!dense)
    return std::nullopt;
  Sizes out;
  if (raised.kind == Float32) {
    for (float value : dense.getValues<float>())
      out.push_back(b.getF32FloatAttr(value));
  } else if (!isFloat(raised.kind) && !isSmallFloat(raised.kind)) {
    for (const APInt &value : dense.getValues<APInt>())
      out.push_back(
          b.getIndexAttr(raised.kind == Bool || isUnsigned(raised.kind)
                             ? value.getZExtValue()
                             : value.getSExtValue()));
  } else {
    return std::nullopt;
  }
  return raised.elements = out;
}

std::optional<SmallVector<int64_t>> RaiseContext::integers(Raised &raised) {
  std::optional<Sizes> known = elements(raised);
  if (!known || isFloat(raised.kind))
    return std::nullopt;
  SmallVector<int64_t> out;
  for (OpFoldResult element : *known) {
    std::optional<int64_t> number = getConstantIntValue(element);
    if (!number)
      return std::nullopt;
    out.push_back(*number);
  }
  return out;
}

Raised RaiseContext::fromTensor(Value tensor, int32_t kind, Sizes shape) {
  Raised raised;
  raised.kind = kind;
  raised.shape = std::move(shape);
  // What is known of the sizes is part of the type.
  RankedTensorType type = tensorType(raised.shape, kind);
  if (tensor.getType() != type)
    tensor = tensor::CastOp::create(b, loc, type, tensor);
  raised.tensor = tensor;
  return raised;
}

Raised RaiseContext::fromElements(Sizes elements, int32_t kind,
                                  ArrayRef<int64_t> shape) {
  Raised raised;
  raised.kind = kind;
  for (int64_t dim : shape)
    raised.shape.push_back(size(dim));
  raised.elements = std::move(elements);
  return raised;
}

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

OpFoldResult RaiseContext::multiply(OpFoldResult x, OpFoldResult y) {
  std::optional<int64_t> a = getConstantIntValue(x), c = getConstantIntValue(y);
  if (a && c)
    return size(*a * *c);
  if (a && *a == 1)
    return y;
  if (c && *c == 1)
    return x;
  return getAsOpFoldResult(
      b.createOrFold<arith::MulIOp>(loc, value(x), value(y)));
}

OpFoldResult RaiseContext::add(OpFoldResult x, OpFoldResult y) {
  std::optional<int64_t> a = getConstantIntValue(x), c = getConstantIntValue(y);
  if (a && c)
    return size(*a + *c);
  return getAsOpFoldResult(
      b.createOrFold<arith::AddIOp>(loc, value(x), value(y)));
}

OpFoldResult RaiseContext::product(ArrayRef<OpFoldResult> sizes) {
  OpFoldResult result = size(1);
  for (OpFoldResult factor : sizes)
    result = multiply(result, factor);
  return result;
}

namespace {
/// A product of a number and open sizes.
struct Factors {
  int64_t number = 1;
  SmallVector<Value> symbols;

  void add(OpFoldResult size) {
    if (std::optional<int64_t> known = getConstantIntValue(size)) {
      number *= *known;
      return;
    }
    Value value = cast<Value>(size);
    if (auto product = value.getDefiningOp<arith::MulIOp>()) {
      add(getAsOpFoldResult(product.getLhs()));
      add(getAsOpFoldResult(product.getRhs()));
      return;
    }
    symbols.push_back(value);
  }
  void sort() {
    llvm::sort(symbols, [](Value a, Value b) {
      return a.getAsOpaquePointer() < b.getAsOpaquePointer();
    });
  }
  bool operator==(Factors other) {
    sort();
    other.sort();
    return number == other.number && symbols == other.symbols;
  }
  static Factors of(ArrayRef<OpFoldResult> sizes) {
    Factors factors;
    for (OpFoldResult size : sizes)
      factors.add(size);
    return factors;
  }
};
} // namespace

bool RaiseContext::sameProduct(ArrayRef<OpFoldResult> x,
                               ArrayRef<OpFoldResult> y) {
  return Factors::of(x) == Factors::of(y);
}

OpFoldResult RaiseContext::quotient(ArrayRef<OpFoldResult> total,
                                    ArrayRef<OpFoldResult> divisor) {
  Factors above = Factors::of(total), below = Factors::of(divisor);
  SmallVector<Value> rest;
  for (Value symbol : below.symbols) {
    auto *found = llvm::find(above.symbols, symbol);
    if (found != above.symbols.end())
      above.symbols.erase(found);
    else
      rest.push_back(symbol);
  }
  int64_t common =
      below.number != 0 && above.number % below.number == 0 ? below.number : 1;
  OpFoldResult result = size(above.number / common);
  for (Value symbol : above.symbols)
    result = multiply(result, symbol);
  OpFoldResult under = size(below.number / common);
  for (Value symbol : rest)
    under = multiply(under, symbol);
  if (isConstantIntValue(under, 1))
    return result;
  // An empty tensor has no size that could be inferred; zero keeps it empty.
  Value safe =
      b.createOrFold<arith::MaxUIOp>(loc, value(under), value(size(1)));
  return getAsOpFoldResult(
      b.createOrFold<arith::DivUIOp>(loc, value(result), safe));
}

static Attribute note(Builder &b, tfc::onnx::NodeOp node, StringRef form,
                      const Twine &detail) {
  return b.getDictionaryAttr(
      {b.getNamedAttr("node", b.getStringAttr(node.getNodeName())),
       b.getNamedAttr("operator", b.getStringAttr(node.getOpType())),
       b.getNamedAttr("form", b.getStringAttr(form)),
       b.getNamedAttr("detail", b.getStringAttr(detail))});
}

void RaiseContext::noteAttention(onnx::NodeOp node, StringRef form,
                                 const Twine &detail) {
  attentions.push_back(note(b, node, form, detail));
}

void RaiseContext::noteRoute(onnx::NodeOp node, StringRef form,
                             const Twine &detail) {
  routes.push_back(note(b, node, form, detail));
}

void RaiseContext::noteAttention(Operation *op, onnx::NodeOp node) {
  op->setAttr("tfc.note", b.getI64IntegerAttr(attentions.size()));
  noteAttention(node, "attn.attention", "");
}

void RaiseContext::require(Value ok, const Twine &message) {
  cf::AssertOp::create(b, loc, ok, b.getStringAttr(message));
}

//===----------------------------------------------------------------------===//
// Reshape
//===----------------------------------------------------------------------===//

/// Groups of source and target dimensions with equal products, in order.
static void groupDimensions(RaiseContext &c, ArrayRef<OpFoldResult> from,
                            ArrayRef<OpFoldResult> to,
                            SmallVectorImpl<ReassociationIndices> &sources,
                            SmallVectorImpl<ReassociationIndices> &targets) {
  size_t i = 0, j = 0;
  while (i < from.size() && j < to.size()) {
    size_t iEnd = from.size(), jEnd = to.size();
    bool found = false;
    for (size_t p = i + 1; p <= from.size() && !found; ++p)
      for (size_t q = j + 1; q <= to.size() && !found; ++q)
        if (c.sameProduct(from.slice(i, p - i), to.slice(j, q - j))) {
          found = true;
          iEnd = p;
          jEnd = q;
        }
    sources.push_back(llvm::to_vector(llvm::seq<int64_t>(i, iEnd)));
    targets.push_back(llvm::to_vector(llvm::seq<int64_t>(j, jEnd)));
    i = iEnd;
    j = jEnd;
  }
  // What is left has one element.
  for (; i < from.size(); ++i)
    sources.back().push_back(i);
  for (; j < to.size(); ++j)
    targets.back().push_back(j);
}

Value RaiseContext::reshape(Value tensor, ArrayRef<OpFoldResult> from,
                            ArrayRef<OpFoldResult> to) {
  Type element = cast<RankedTensorType>(tensor.getType()).getElementType();
  auto typeOf = [&](ArrayRef<OpFoldResult> shape) {
    SmallVector<int64_t> dims;
    for (OpFoldResult size : shape)
      dims.push_back(getConstantIntValue(size).value_or(ShapedType::kDynamic));
    return RankedTensorType::get(dims, element);
  };
  auto castTo = [&](Value value, RankedTensorType type) -> Value {
    return value.getType() == type
               ? value
               : Value(tensor::CastOp::create(b, loc, type, value));
  };
  if (llvm::equal(from, to))
    return tensor;
  SmallVector<ReassociationIndices> sources, targets;
  if (!from.empty() && !to.empty()) {
    groupDimensions(*this, from, to, sources, targets);
  } else {
    // To or from a scalar: carry the element.
    SmallVector<Value> first(from.size(), value(size(0)));
    Value element = tensor::ExtractOp::create(b, loc, tensor, first);
    SmallVector<int64_t> ones(to.size(), 1);
    return castTo(
        tensor::FromElementsOp::create(
            b, loc, RankedTensorType::get(ones, element.getType()), element),
        typeOf(to));
  }
  SmallVector<OpFoldResult> middle;
  for (auto [source, target] : llvm::zip(sources, targets)) {
    // The side with fewer open sizes says most of the product.
    SmallVector<OpFoldResult> ofSource, ofTarget;
    for (int64_t d : source)
      ofSource.push_back(from[d]);
    for (int64_t d : target)
      ofTarget.push_back(to[d]);
    bool targetStatic = llvm::all_of(ofTarget, [](OpFoldResult s) {
      return getConstantIntValue(s).has_value();
    });
    middle.push_back(source.size() == 1 && !targetStatic
                         ? from[source[0]]
                         : product(targetStatic ? ofTarget : ofSource));
  }
  Value result = tensor;
  if (sources.size() < from.size())
    result = tensor::CollapseShapeOp::create(b, loc, result, sources);
  result = castTo(result, typeOf(middle));
  if (targets.size() < to.size()) {
    // A group's static sizes must agree with its product's being static.
    SmallVector<int64_t> dims;
    for (auto [m, target] : llvm::zip(middle, targets)) {
      (void)m;
      for (int64_t d : target)
        dims.push_back(
            getConstantIntValue(to[d]).value_or(ShapedType::kDynamic));
    }
    result = tensor::ExpandShapeOp::create(
        b, loc, RankedTensorType::get(dims, element), result, targets,
        llvm::to_vector(to));
  }
  return castTo(result, typeOf(to));
}

//===----------------------------------------------------------------------===//
// Elementwise
//===----------------------------------------------------------------------===//

Raised RaiseContext::elementwise(MutableArrayRef<Raised> operands, Sizes shape,
                                 int32_t kind, Body body) {
  int64_t rank = shape.size();
  MLIRContext *context = b.getContext();
  SmallVector<AffineMap> maps;
  SmallVector<Value> inputs;
  for (Raised &operand : operands) {
    SmallVector<AffineExpr> exprs;
    for (int64_t i = 0; i < operand.rank(); ++i) {
      int64_t loop = rank - operand.rank() + i;
      bool repeats = isConstantIntValue(operand.shape[i], 1) &&
                     !isConstantIntValue(shape[loop], 1);
      exprs.push_back(repeats ? getAffineConstantExpr(0, context)
                              : getAffineDimExpr(loop, context));
    }
    maps.push_back(AffineMap::get(rank, 0, exprs, context));
    inputs.push_back(tensor(operand));
  }
  maps.push_back(AffineMap::getMultiDimIdentityMap(rank, context));
  SmallVector<utils::IteratorType> iterators(rank,
                                             utils::IteratorType::parallel);
  Value init = empty(shape, kind);
  auto generic = linalg::GenericOp::create(
      b, loc, init.getType(), inputs, init, maps, iterators,
      [&](OpBuilder &inner, Location innerLoc, ValueRange args) {
        linalg::YieldOp::create(inner, innerLoc,
                                body(inner, innerLoc, args.drop_back()));
      });
  return fromTensor(generic.getResult(0), kind, std::move(shape));
}

Raised RaiseContext::rounded(Raised sums, int32_t kind) {
  if (sums.kind == kind)
    return sums;
  SmallVector<Raised> operands = {sums};
  Type type = elementType(kind);
  return elementwise(operands, sums.shape, kind,
                     [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
                       return arith::TruncFOp::create(b, loc, type, v[0]);
                     });
}
