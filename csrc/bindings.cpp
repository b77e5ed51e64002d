// Python's way to the pictures: it checks, lets go of the GIL and calls.
#include "bindings.hpp"

#ifdef __linux__
#include <sys/mman.h>
#endif

#include <algorithm>
#include <cstring>
#include <memory>

#include "dispatch.hpp"
#include "drawn.hpp"
#include "fork.hpp"
#include "operation.hpp"
#include "reads.hpp"
#include "results.hpp"

namespace twinlens {
namespace {

// Kernels read items at multiples of their size.
bool aligned(const py::array& a) {
  const auto item = static_cast<uintptr_t>(a.itemsize());
  bool ok = reinterpret_cast<uintptr_t>(a.data()) % item == 0;
  for (py::ssize_t i = 0; i < a.ndim(); ++i) ok = ok && (a.shape(i) < 2 || a.strides(i) % a.itemsize() == 0);
  return ok;
}

// (H, W), or (H, W, C), or (C, H, W) where chw is set.
View view_of(const py::array& a, int64_t skip, bool chw, DType dtype) {
  const auto n = a.ndim() - skip;
  if (n != 2 && n != 3) throw std::invalid_argument("native: a picture has " + std::to_string(n) + " dimensions");
  if (a.itemsize() != item_size(dtype)) throw std::invalid_argument("native: item size and dtype disagree");
  if (!aligned(a)) throw std::invalid_argument("native: a picture is not aligned to its items");
  const py::ssize_t y = skip + (n == 3 && chw ? 1 : 0), x = y + 1, c = skip + (chw ? 0 : 2);
  auto* data = static_cast<uint8_t*>(const_cast<void*>(a.data()));
  View v{data, a.shape(y), a.shape(x), 1, a.strides(y), a.strides(x), item_size(dtype), dtype};
  if (n == 3) {
    v.c = a.shape(c);
    v.sc = a.strides(c);
  }
  return v;
}

// A list of pictures, or one array with the batch in front.
std::vector<View> views_of(const py::object& pictures, bool chw, DType dtype, bool written) {
  std::vector<View> views;
  if (py::isinstance<py::array>(pictures)) {
    const auto a = py::reinterpret_borrow<py::array>(pictures);
    if (written && !a.writeable()) throw std::invalid_argument("native: the output is read-only");
    View v = view_of(a, 1, chw, dtype);
    for (py::ssize_t i = 0; i < a.shape(0); ++i, v.data += a.strides(0)) views.push_back(v);
    return views;
  }
  for (const py::handle item : pictures) {
    // Only arrays that live as long as the list: a conversion would be gone before its pixels are read.
    if (!py::isinstance<py::array>(item)) throw std::invalid_argument("native: a picture is not an array");
    const auto a = py::reinterpret_borrow<py::array>(item);
    if (written && !a.writeable()) throw std::invalid_argument("native: the output is read-only");
    views.push_back(view_of(a, 0, chw, dtype));
  }
  return views;
}

// The parts of Arrow's C data interface (arrow.apache.org/docs/format/CDataInterface) that are read here.
struct ArrowSchema {
  const char* format;
  const char* name;
  const char* metadata;
  int64_t flags, n_children;
  ArrowSchema** children;
};
struct ArrowArray {
  int64_t length, null_count, offset, n_buffers, n_children;
  const void** buffers;
  ArrowArray** children;
};

// A Pillow image's own memory, as Image.__arrow_c_array__() gives it: (H, W) for one channel, else (H, W, channels) of
// pixels of four bytes. Read-only; the array keeps the memory alive.
py::array_t<uint8_t> pillow_pixels(const py::capsule& schema, const py::capsule& array, int64_t h, int64_t w,
                                   int64_t channels) {
  if (std::strcmp(schema.name(), "arrow_schema") != 0 || std::strcmp(array.name(), "arrow_array") != 0)
    throw std::invalid_argument("native: not what Image.__arrow_c_array__() gives");
  const auto* form = schema.get_pointer<ArrowSchema>();
  const auto* memory = array.get_pointer<ArrowArray>();
  const int64_t pixel = channels == 1 ? 1 : 4;
  bool fits = h > 0 && w > 0 && memory->length == h * w && std::strcmp(form->format, pixel == 1 ? "C" : "+w:4") == 0;
  if (fits && pixel == 4) {
    fits = form->n_children == 1 && memory->n_children == 1 && memory->offset == 0;
    if (fits) memory = memory->children[0];
    fits = fits && std::strcmp(form->children[0]->format, "C") == 0 && memory->length == h * w * 4;
  }
  if (!fits || channels < 1 || channels > 4 || memory->n_buffers != 2)
    throw std::invalid_argument("native: the image's memory has another form");
  const auto* data = static_cast<const uint8_t*>(memory->buffers[1]) + memory->offset;
  std::vector<py::ssize_t> shape{h, w}, strides{w * pixel, pixel};
  if (channels > 1) {
    shape.push_back(channels);
    strides.push_back(1);
  }
  py::array_t<uint8_t> pixels(std::move(shape), std::move(strides), data, array);
  pixels.attr("setflags")(py::arg("write") = false);
  return pixels;
}

// Asks for huge pages under a large fresh output: a page fault for every 4 KiB costs more than the pixels.
void use_huge_pages(const py::object& outs) {
#ifdef __linux__
  constexpr uintptr_t kHuge = uintptr_t{2} << 20;
  if (!py::isinstance<py::array>(outs)) return;
  const auto a = py::reinterpret_borrow<py::array>(outs);
  const auto begin = (reinterpret_cast<uintptr_t>(a.data()) + kHuge - 1) / kHuge * kHuge;
  const auto end = (reinterpret_cast<uintptr_t>(a.data()) + static_cast<uintptr_t>(a.nbytes())) / kHuge * kHuge;
  if (begin < end && (a.flags() & py::array::c_style) != 0)
    madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);  // advice: failing changes nothing
#else
  (void)outs;
#endif
}

// An array with anything in it; a large one's memory serves again when the last who holds it lets go.
py::array empty(const std::vector<py::ssize_t>& shape, const py::dtype& dtype) {
  auto bytes = static_cast<size_t>(dtype.itemsize());
  for (const py::ssize_t n : shape) bytes *= static_cast<size_t>(n);
  if (bytes < ResultMemory::kLeast) return py::array(dtype, shape);
  using Block = ResultMemory::Block;
  auto block = std::make_unique<Block>(PerProcess<ResultMemory>::get().take(bytes));
  const py::capsule owner(block.get(), [](void* p) {
    const std::unique_ptr<Block> dropped(static_cast<Block*>(p));
    PerProcess<ResultMemory>::get().give(*dropped);
  });
  return py::array(dtype, shape, block.release()->data, owner);
}

Op op_of(int64_t code, const Ints& ints, const Reals& reals, int64_t batch) {
  const Operation* operation = operation_of(static_cast<OpCode>(code));
  if (operation == nullptr) throw std::invalid_argument("native: unknown operation " + std::to_string(code));
  const auto fits = [batch](const py::array& a, int64_t min) {
    return a.ndim() == 2 && (a.shape(0) == 1 || a.shape(0) == batch) && a.shape(1) >= min;
  };
  if (!fits(ints, operation->ints) || !fits(reals, operation->reals))
    throw std::invalid_argument("native: parameters of operation " + std::to_string(code) + " have a wrong shape");
  return {static_cast<OpCode>(code),
          ints.data(),
          ints.shape(0) == 1 ? 0 : ints.shape(1),
          ints.shape(1),
          reals.data(),
          reals.shape(0) == 1 ? 0 : reals.shape(1),
          reals.shape(1)};
}

// (n, k) from numbers, (n,) and (n, m), side by side; parts of one row are repeated.
Ints columns(const py::object& parts) {
  struct Part {
    Ints array;
    int64_t number;
    py::ssize_t rows, width;
    const int64_t* data() const { return array ? array.data() : &number; }
  };
  std::vector<Part> columns;
  columns.reserve(py::len(parts));
  py::ssize_t rows = 1, width = 0;
  for (const py::handle part : parts) {
    if (PyLong_CheckExact(part.ptr()) != 0) {  // no array for it: that would cost more than all else
      columns.push_back({py::reinterpret_steal<Ints>(nullptr), part.cast<int64_t>(), 1, 1});
    } else {
      const auto a = part.cast<Ints>();
      if (a.ndim() > 2) throw std::invalid_argument("native: columns takes numbers, (n,) and (n, m)");
      columns.push_back({a, 0, a.ndim() > 0 ? a.shape(0) : 1, a.ndim() == 2 ? a.shape(1) : 1});
    }
    const Part& p = columns.back();
    if (p.rows != 1 && rows != 1 && p.rows != rows) throw std::invalid_argument("native: columns differ in length");
    if (p.rows != 1) rows = p.rows;
    width += p.width;
  }
  Ints out({rows, width});
  int64_t* to = out.mutable_data();
  for (const Part& p : columns) {
    for (py::ssize_t i = 0; i < rows; ++i)
      std::copy_n(p.data() + (p.rows == 1 ? 0 : i * p.width), p.width, to + i * width);
    to += p.width;
  }
  return out;
}

// What is read, and what is written.
struct Pictures {
  std::vector<View> src, dst;

  Pictures(const py::object& images, const py::object& outs, int in_dtype, int out_dtype, bool in_chw, bool out_chw)
      : src(views_of(images, in_chw, dtype_of(in_dtype), false)),
        dst(views_of(outs, out_chw, dtype_of(out_dtype), true)) {
    if (src.size() != dst.size()) throw std::invalid_argument("native: as many outputs as images");
    for (const View& v : src)
      if (v.h < 1 || v.w < 1 || v.c < 1) throw std::invalid_argument("native: an empty image");
    use_huge_pages(outs);
  }
};

using Rows = std::vector<std::tuple<int64_t, Ints, Reals>>;

void run(const py::object& images, const py::object& outs, const Rows& ops, int in_dtype, int out_dtype, bool in_chw,
         bool out_chw, int threads) {
  const Pictures pictures(images, outs, in_dtype, out_dtype, in_chw, out_chw);
  std::vector<Op> plan;
  plan.reserve(ops.size());
  for (const auto& [code, ints, reals] : ops)
    plan.push_back(op_of(code, ints, reals, static_cast<int64_t>(pictures.src.size())));
  const py::gil_scoped_release release;
  run_plan(plan, pictures.src, pictures.dst, threads);
}

using Rules = std::vector<std::tuple<int64_t, int64_t, uint64_t, std::vector<int64_t>, std::vector<double>>>;

// A capsule of this name holds a DrawnPlan.
constexpr const char* kDrawnPlan = "twinlens.DrawnPlan";

py::capsule drawn_plan(const Rows& rows, const Rules& rules) {
  std::vector<DrawnOp> ops;
  for (const auto& [code, ints, reals] : rows) {
    (void)op_of(code, ints, reals, 1);
    ops.push_back({static_cast<OpCode>(code),
                   {ints.data(), ints.data() + ints.size()},
                   {reals.data(), reals.data() + reals.size()}});
  }
  std::vector<Rule> filling;
  for (const auto& [kind, op, stream, ints, reals] : rules)
    filling.push_back({static_cast<RuleKind>(kind), op, stream, ints, reals});
  auto plan = std::make_unique<DrawnPlan>(std::move(ops), std::move(filling));
  py::capsule owner(plan.get(), kDrawnPlan, [](void* p) { delete static_cast<DrawnPlan*>(p); });
  (void)plan.release();
  return owner;
}

const DrawnPlan& plan_in(const py::capsule& owner) {
  if (owner.name() == nullptr || std::strcmp(owner.name(), kDrawnPlan) != 0)
    throw std::invalid_argument("native: not what drawn_plan gives");
  return *owner.get_pointer<DrawnPlan>();
}

std::vector<uint64_t> numbers(const Keys& keys) { return {keys.data(), keys.data() + keys.size()}; }

void run_drawn(const py::capsule& plan, const Keys& keys, const py::object& images, const py::object& outs,
               int in_dtype, int out_dtype, bool in_chw, bool out_chw, int threads) {
  const Pictures pictures(images, outs, in_dtype, out_dtype, in_chw, out_chw);
  const DrawnPlan& drawn = plan_in(plan);
  const std::vector<uint64_t> each = numbers(keys);
  const py::gil_scoped_release release;
  drawn.run(each, pictures.src, pictures.dst, threads);
}

// y, x, h, w of what a plan, or an operation, reads of a picture of h x w; zeros for all of it.
py::tuple drawn_window(const py::capsule& plan, uint64_t key, int64_t h, int64_t w) {
  return py::cast(plan_in(plan).reads(key, h, w));
}

py::tuple op_window(int64_t code, const Ints& ints, const Reals& reals, int64_t h, int64_t w) {
  const Op op = op_of(code, ints, reals, 1);
  return py::cast(window_read(op.code, {op.ints, op.ints + op.int_count}, {op.reals, op.reals + op.real_count}, h, w));
}

// The operations for pictures of h x w, (code, ints (B, k), reals (B, m)) each.
py::list filled_rows(const py::capsule& plan, const Keys& keys, int64_t h, int64_t w) {
  const View size{nullptr, h, w, 1, 0, 0, 0, DType::u8};
  const auto n = static_cast<py::ssize_t>(keys.size());
  py::list rows;
  for (const DrawnOp& op : plan_in(plan).filled(numbers(keys), std::vector<View>(static_cast<size_t>(n), size))) {
    const auto width = [n](size_t all) { return n > 0 ? static_cast<py::ssize_t>(all) / n : 0; };
    Ints ints({n, width(op.ints.size())});
    Reals reals({n, width(op.reals.size())});
    std::copy(op.ints.begin(), op.ints.end(), ints.mutable_data());
    std::copy(op.reals.begin(), op.reals.end(), reals.mutable_data());
    rows.append(py::make_tuple(static_cast<int64_t>(op.code), ints, reals));
  }
  return rows;
}

}  // namespace

PYBIND11_MODULE(_native, m, py::mod_gil_not_used()) {
  m.doc() = "The compiled core of twinlens. Its functions trust their callers; the public face is the package.";
  m.attr("__version__") = TWINLENS_VERSION;
  m.def("isa", [] { return std::string(isa_name(active_isa())); });
  m.def("set_isa", &set_isa, py::arg("name"));
  m.def("supported_isas", &supported_isas);
  m.def("run", &run, py::arg("images"), py::arg("outs"), py::arg("ops"), py::arg("in_dtype"), py::arg("out_dtype"),
        py::arg("in_chw"), py::arg("out_chw"), py::arg("threads"));
  m.def("drawn_plan", &drawn_plan, py::arg("rows"), py::arg("rules"));
  m.def("run_drawn", &run_drawn, py::arg("plan"), py::arg("keys"), py::arg("images"), py::arg("outs"),
        py::arg("in_dtype"), py::arg("out_dtype"), py::arg("in_chw"), py::arg("out_chw"), py::arg("threads"));
  m.def("filled_rows", &filled_rows, py::arg("plan"), py::arg("keys"), py::arg("h"), py::arg("w"));
  m.def("drawn_window", &drawn_window, py::arg("plan"), py::arg("key"), py::arg("h"), py::arg("w"));
  m.def("op_window", &op_window, py::arg("code"), py::arg("ints"), py::arg("reals"), py::arg("h"), py::arg("w"));
  m.def("columns", &columns, py::arg("parts"));
  m.def("empty", &empty, py::arg("shape"), py::arg("dtype"));
  m.def("pillow_pixels", &pillow_pixels, py::arg("schema"), py::arg("array"), py::arg("h"), py::arg("w"),
        py::arg("channels"));
  define_draws(m);
  define_jpeg(m);
  define_kernels(m);
}

}  // namespace twinlens
