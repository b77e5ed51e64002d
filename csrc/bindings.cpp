// The only file that knows Python: it checks, lets go of the GIL and calls.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#ifdef __linux__
#include <sys/mman.h>
#endif

#include <algorithm>
#include <cstring>
#include <memory>

#include "dispatch.hpp"
#include "filters.hpp"
#include "fork.hpp"
#include "noise.hpp"
#include "operation.hpp"
#include "philox.hpp"
#include "resample_cv.hpp"
#include "results.hpp"
#include "sampling.hpp"

namespace py = pybind11;

namespace twinlens {
namespace {

using Ints = py::array_t<int64_t, py::array::c_style>;
using Reals = py::array_t<double, py::array::c_style>;
using Keys = py::array_t<uint64_t, py::array::c_style>;

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

DType dtype_of(int code) {
  if (code < 0 || code > static_cast<int>(DType::bf16)) throw std::invalid_argument("native: unknown dtype code");
  return static_cast<DType>(code);
}

void run(const py::object& images, const py::object& outs, const std::vector<std::tuple<int64_t, Ints, Reals>>& ops,
         int in_dtype, int out_dtype, bool in_chw, bool out_chw, int threads) {
  const auto src = views_of(images, in_chw, dtype_of(in_dtype), false);
  const auto dst = views_of(outs, out_chw, dtype_of(out_dtype), true);
  if (src.size() != dst.size()) throw std::invalid_argument("native: as many outputs as images");
  for (const View& v : src)
    if (v.h < 1 || v.w < 1 || v.c < 1) throw std::invalid_argument("native: an empty image");
  std::vector<Op> plan;
  plan.reserve(ops.size());
  for (const auto& [code, ints, reals] : ops)
    plan.push_back(op_of(code, ints, reals, static_cast<int64_t>(src.size())));
  use_huge_pages(outs);
  const py::gil_scoped_release release;
  run_plan(plan, src, dst, threads);
}

template <typename T>
py::array_t<T> like(std::vector<py::ssize_t> shape) {
  return py::array_t<T>(std::move(shape));
}

Keys sample_keys(uint64_t seed, uint64_t epoch, const Keys& index) {
  auto out = like<uint64_t>({index.size()});
  for (py::ssize_t i = 0; i < index.size(); ++i) out.mutable_data()[i] = sample_key(seed, epoch, index.data()[i]);
  return out;
}

Keys fold_in_keys(const Keys& keys, uint64_t number) {
  auto out = like<uint64_t>({keys.size()});
  for (py::ssize_t i = 0; i < keys.size(); ++i) out.mutable_data()[i] = fold_in(keys.data()[i], number);
  return out;
}

// FNV-1a, then one Philox block to spread it.
uint64_t stream_of(const std::string& path) {
  uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : path) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3U;
  return fold_in(hash, path.size());
}

Reals uniform(const Keys& keys, uint64_t stream, uint32_t n, uint32_t first) {
  auto out = like<double>({keys.size(), static_cast<py::ssize_t>(n)});
  double* p = out.mutable_data();
  for (py::ssize_t i = 0; i < keys.size(); ++i)
    for (uint32_t d = 0; d < n; ++d) *p++ = uniform53(draw_block(keys.data()[i], stream, first + d));
  return out;
}

py::array_t<uint32_t> philox_blocks(const py::array_t<uint32_t, py::array::c_style>& counter,
                                    const py::array_t<uint32_t, py::array::c_style>& key) {
  if (counter.ndim() != 2 || counter.shape(1) != 4 || key.ndim() != 2 || key.shape(1) != 2 ||
      key.shape(0) != counter.shape(0))
    throw std::invalid_argument("philox: counter is (N, 4), key is (N, 2)");
  auto out = like<uint32_t>({counter.shape(0), 4});
  for (py::ssize_t i = 0; i < counter.shape(0); ++i) {
    const uint32_t* c = counter.data(i, 0);
    const Block b = philox({{c[0], c[1], c[2], c[3]}}, *key.data(i, 0), *key.data(i, 1));
    std::copy(b.v, b.v + 4, out.mutable_data(i, 0));
  }
  return out;
}

Ints resized_crops(const Keys& keys, uint64_t stream, const Ints& h, const Ints& w, std::pair<double, double> scale,
                   std::pair<double, double> ratio) {
  if (h.size() != keys.size() || w.size() != keys.size())
    throw std::invalid_argument("resized_crop: keys, h and w differ in length");
  auto out = like<int64_t>({keys.size(), 4});
  const double s[2] = {scale.first, scale.second}, r[2] = {ratio.first, ratio.second};
  for (py::ssize_t i = 0; i < keys.size(); ++i)
    resized_crop(keys.data()[i], stream, h.data()[i], w.data()[i], s, r, out.mutable_data(i, 0));
  return out;
}

template <double (*F)(double)>
Reals map(const Reals& x) {
  Reals out(std::vector<py::ssize_t>(x.shape(), x.shape() + x.ndim()));
  std::transform(x.data(), x.data() + x.size(), out.mutable_data(), F);
  return out;
}

// Weights of one axis for every sample: start, count (B, n), float64 weights and 22-bit integers (B, n, taps). An axis
// that stays as it is gets one tap of weight 1, for Pillow leaves that pass out.
py::tuple filter_tables(int filter, const Ints& in_size, const Ints& out_size, const Reals& begin, const Reals& end,
                        const Ints& roi, int64_t n) {
  const auto batch = static_cast<size_t>(in_size.size());
  std::vector<std::shared_ptr<const AxisWeights>> axes(batch);
  int64_t taps = 1;
  for (size_t b = 0; b < batch; ++b) {
    const int64_t out = out_size.data()[b];
    if (roi.data()[b] < 0 || n < 0 || roi.data()[b] + n > out) throw std::invalid_argument("filter_tables: roi");
    axes[b] = axis_weights({static_cast<Filter>(filter), in_size.data()[b], out, static_cast<float>(begin.data()[b]),
                            static_cast<float>(end.data()[b])},
                           Isa::baseline);
    taps = std::max<int64_t>(taps, *std::max_element(axes[b]->count.begin(), axes[b]->count.end()));
  }
  const auto rows = static_cast<py::ssize_t>(batch);
  auto start = like<int32_t>({rows, n}), count = like<int32_t>({rows, n}), k = like<int32_t>({rows, n, taps});
  auto w = like<double>({rows, n, taps});
  std::fill_n(k.mutable_data(), k.size(), 0);
  std::fill_n(w.mutable_data(), w.size(), 0.0);
  for (py::ssize_t b = 0; b < rows; ++b) {
    const AxisWeights& a = *axes[static_cast<size_t>(b)];
    const bool kept =
        a.axis.in_size == a.axis.out_size && a.axis.begin == 0.0F && a.axis.end == static_cast<float>(a.axis.out_size);
    for (int64_t i = 0; i < n; ++i) {
      if (kept) {
        *start.mutable_data(b, i) = static_cast<int32_t>(roi.data()[b] + i);
        *count.mutable_data(b, i) = 1;
        *w.mutable_data(b, i, 0) = 1.0;
        *k.mutable_data(b, i, 0) = 1 << 22;
        continue;
      }
      const auto o = static_cast<size_t>(roi.data()[b] + i);
      *start.mutable_data(b, i) = a.start[o];
      *count.mutable_data(b, i) = a.count[o];
      for (int64_t t = 0; t < a.count[o]; ++t) {
        const double weight = a.weight(static_cast<int64_t>(o), t);
        *w.mutable_data(b, i, t) = weight;
        *k.mutable_data(b, i, t) = quantise22(weight);
      }
    }
  }
  return py::make_tuple(start, count, w, k);
}

// The arithmetic (CvBranch) that OpenCV's resize takes for every (h, w) of in_hw.
py::array_t<int32_t> cv_branches(int method, int dtype, int64_t channels, const Ints& in_hw, int64_t out_h,
                                 int64_t out_w) {
  if (in_hw.ndim() != 2 || in_hw.shape(1) != 2) throw std::invalid_argument("cv_branches: in_hw is (B, 2)");
  auto out = like<int32_t>({in_hw.shape(0)});
  for (py::ssize_t b = 0; b < in_hw.shape(0); ++b) {
    const int64_t h = *in_hw.data(b, 0), w = *in_hw.data(b, 1);
    if (h < 1 || w < 1 || out_h < 1 || out_w < 1) throw std::invalid_argument("cv_branches: a size below 1");
    out.mutable_data()[b] =
        static_cast<int32_t>(cv_branch(static_cast<CvMethod>(method), dtype_of(dtype), channels, h, w, out_h, out_w));
  }
  return out;
}

// Taps of one axis for every sample: index and weights (B, n, taps), the weights int32 or float32.
py::tuple cv_tables(int branch, int dtype, bool horizontal, const Ints& in_size, int64_t out_size, const Ints& first,
                    int64_t n) {
  if (first.size() != in_size.size()) throw std::invalid_argument("cv_tables: in_size and first differ in length");
  const py::ssize_t batch = in_size.size();
  std::vector<CvAxis> axes;
  int64_t taps = 1;
  for (py::ssize_t b = 0; b < batch; ++b) {
    axes.push_back(
        {static_cast<CvBranch>(branch), dtype_of(dtype), horizontal, in_size.data()[b], out_size, first.data()[b], n});
    const CvAxis& a = axes.back();
    if (a.in < 1 || a.first < 0 || n < 0 || a.first + n > out_size) throw std::invalid_argument("cv_tables: sizes");
    taps = std::max(taps, cv_axis_taps(a));
  }
  auto index = like<int32_t>({batch, n, taps});
  const auto fill = [&](auto weights, int32_t* fixed, float* real) {
    for (py::ssize_t b = 0, at = 0; b < batch; ++b, at += n * taps)
      cv_axis_fill(axes[static_cast<size_t>(b)], taps, index.mutable_data() + at, fixed ? fixed + at : nullptr,
                   real ? real + at : nullptr);
    return py::make_tuple(index, weights);
  };
  if (!cv_is_fixed(static_cast<CvBranch>(branch), dtype_of(dtype))) {
    auto w = like<float>({batch, n, taps});
    return fill(w, nullptr, w.mutable_data());
  }
  auto w = like<int32_t>({batch, n, taps});
  return fill(w, w.mutable_data(), nullptr);
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
  m.def("columns", &columns, py::arg("parts"));
  m.def("empty", &empty, py::arg("shape"), py::arg("dtype"));
  m.def("pillow_pixels", &pillow_pixels, py::arg("schema"), py::arg("array"), py::arg("h"), py::arg("w"),
        py::arg("channels"));
  m.def("sample_keys", &sample_keys, py::arg("seed"), py::arg("epoch"), py::arg("index"));
  m.def("fold_in", &fold_in_keys, py::arg("keys"), py::arg("number"));
  m.def("stream", &stream_of, py::arg("path"));
  m.def("uniform", &uniform, py::arg("keys"), py::arg("stream"), py::arg("n"), py::arg("first") = 0);
  m.def("philox", &philox_blocks, py::arg("counter"), py::arg("key"));
  m.def("resized_crop", &resized_crops, py::arg("keys"), py::arg("stream"), py::arg("h"), py::arg("w"),
        py::arg("scale"), py::arg("ratio"));
  m.def("exp", &map<portable_exp>, py::arg("x"));
  m.def("log", &map<portable_log>, py::arg("x"));
  m.def("normal_quantiles", [] { return py::array_t<float>(kNormals, normal_quantiles()); });
  m.def("filter_tables", &filter_tables, py::arg("filter"), py::arg("in_size"), py::arg("out_size"), py::arg("begin"),
        py::arg("end"), py::arg("roi"), py::arg("n"));
  m.def("cv_branches", &cv_branches, py::arg("method"), py::arg("dtype"), py::arg("channels"), py::arg("in_hw"),
        py::arg("out_h"), py::arg("out_w"));
  m.def("cv_tables", &cv_tables, py::arg("branch"), py::arg("dtype"), py::arg("horizontal"), py::arg("in_size"),
        py::arg("out_size"), py::arg("first"), py::arg("n"));
}

}  // namespace twinlens
