// What a CUDA kernel needs to be compiled by a C++ compiler and run on the CPU, for tests.
//
// Blocks run one after another. The threads of a block run one after another too, each to its
// end, unless the kernel has barriers: then each is a fibre with a stack of its own, which a
// barrier leaves until all the others have come there. In which order blocks and threads run is
// the caller's choice, so that results that depend on it can be found out. Shared memory is
// filled with ones (a NaN, in floating point) before each block.
#pragma once
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include <cmath>
#include <type_traits>
#include <utility>
#include <vector>

struct dim3 { unsigned x = 1, y = 1, z = 1; };
static dim3 threadIdx, blockIdx, blockDim, gridDim;
[[maybe_unused]] static const int warpSize = 32;

#define __global__
#define __device__
#define __host__
#define __constant__ static
#define __forceinline__ inline
#define __launch_bounds__(...)
#define __shared__ static __attribute__((section("shim_shared")))
// `extern __shared__ T name[];` is rewritten to this before the compiler sees it
#define SHIM_DYNAMIC_SHARED(type, name) type* name = (type*)shim::dynamic.data()

extern "C" char __start_shim_shared[] __attribute__((weak, visibility("hidden")));
extern "C" char __stop_shim_shared[] __attribute__((weak, visibility("hidden")));

namespace shim {

enum Problem { NONE, DIVERGENT, RETURNED, NO_FIBRE, FAULT };
enum Order { FORWARDS, BACKWARDS, SHUFFLED };

// What the caller wants.
struct Launch {
    unsigned grid[3], block[3], shared_bytes;
    int fibres, order;
};

// What went wrong, and where.
struct Report {
    int problem, line, other_line, waiting, threads, is_write;
    unsigned block[3], thread[3];
    uint64_t address;
};

enum State { READY, AT_BLOCK_BARRIER, AT_WARP_BARRIER, DONE };

struct Fibre {
    State state = DONE;
    dim3 index;
    int line = 0;  // of the barrier it waits at
    unsigned mask = 0;  // the lanes it waits for
    int value = 0, result = 0;  // that it brings to a barrier, and takes from it
    uint64_t slot = 0;  // what it shows to its warp
    bool started = false;
    ucontext_t context;
    jmp_buf resume;
    std::vector<char> stack;
};

static const int STACK_BYTES = 1 << 17;
static std::vector<Fibre*> fibres;
static std::vector<char> dynamic;
static Fibre* current = nullptr;
static jmp_buf scheduler;
static sigjmp_buf on_fault;
static Report report;
static void (*body)(void*);
static void* body_arguments;

[[noreturn]] inline void stop(Problem problem, int line) {
    report.problem = problem;
    report.line = line;
    siglongjmp(on_fault, 1);
}

inline void fibre_main() {
    for (;;) {  // a fibre serves many blocks
        body(body_arguments);
        current->state = DONE;
        if (!_setjmp(current->resume)) _longjmp(scheduler, 1);
    }
}

// Leave a fibre until the scheduler finds that all it waits for have come.
inline int wait(State state, int line, unsigned mask, int value) {
    if (!current) stop(NO_FIBRE, line);
    Fibre* self = current;
    self->state = state;
    self->line = line;
    self->mask = mask;
    self->value = value;
    if (!_setjmp(self->resume)) _longjmp(scheduler, 1);
    return self->result;
}

inline void run(Fibre* fibre) {
    current = fibre;
    threadIdx = fibre->index;
    if (!_setjmp(scheduler)) {
        if (fibre->started) _longjmp(fibre->resume, 1);
        fibre->started = true;
        fibre->stack.resize(STACK_BYTES);
        getcontext(&fibre->context);
        fibre->context.uc_stack.ss_sp = fibre->stack.data();
        fibre->context.uc_stack.ss_size = fibre->stack.size();
        fibre->context.uc_link = nullptr;
        makecontext(&fibre->context, fibre_main, 0);
        setcontext(&fibre->context);
    }
    current = nullptr;
}

inline int n_threads() { return blockDim.x * blockDim.y * blockDim.z; }

inline dim3 index_of(unsigned i, const dim3& size) {
    return {i % size.x, i / size.x % size.y, i / size.x / size.y};
}

// A warp's lanes go on where each that one of them waits for waits too, for the same lanes.
inline bool release_warp(int first) {
    const int n = n_threads() - first < 32 ? n_threads() - first : 32;
    unsigned present = n == 32 ? ~0u : (1u << n) - 1, mask = 0;
    for (int i = 0; i < n; ++i)
        if (fibres[first + i]->state == AT_WARP_BARRIER) mask |= fibres[first + i]->mask;
    mask &= present;
    if (!mask) return false;
    for (int i = 0; i < n; ++i) {
        const Fibre* fibre = fibres[first + i];
        if (!(mask >> i & 1)) continue;
        if (fibre->state != AT_WARP_BARRIER || (fibre->mask & present) != mask) return false;
    }
    unsigned ballot = 0;
    for (int i = 0; i < n; ++i)
        if (mask >> i & 1 && fibres[first + i]->value) ballot |= 1u << i;
    for (int i = 0; i < n; ++i)
        if (mask >> i & 1) {
            fibres[first + i]->result = (int)ballot;
            fibres[first + i]->state = READY;
        }
    return true;
}

// The whole block goes on where all its threads wait at one and the same barrier.
inline void release_block() {
    const int n = n_threads();
    int waiting = 0, done = 0, any = 0;
    const Fibre *first = nullptr, *other = nullptr;
    for (int i = 0; i < n; ++i) {
        const Fibre* fibre = fibres[i];
        done += fibre->state == DONE;
        if (fibre->state == DONE) continue;
        waiting += fibre->state == AT_BLOCK_BARRIER;
        any |= fibre->value;
        if (!first) first = fibre;
        if (fibre->line != first->line) other = fibre;
    }
    report.waiting = waiting;
    report.threads = n;
    if (waiting != n || other) {
        const bool returned = done && !other && waiting + done == n;
        report.other_line = other ? other->line : 0;
        stop(returned ? RETURNED : DIVERGENT, first->line);
    }
    for (int i = 0; i < n; ++i) {
        fibres[i]->result = any;
        fibres[i]->state = READY;
    }
}

inline void run_fibres(const std::vector<unsigned>& order) {
    const int n = n_threads();
    while ((int)fibres.size() < n) fibres.push_back(new Fibre);
    for (int i = 0; i < n; ++i) {
        fibres[i]->state = READY;
        fibres[i]->index = index_of(i, blockDim);
    }
    for (;;) {
        bool ran = false, released = false, alive = false;
        for (unsigned i : order)
            if (fibres[i]->state == READY) {
                run(fibres[i]);
                ran = true;
            }
        if (ran) continue;
        for (int first = 0; first < n; first += 32) released |= release_warp(first);
        if (released) continue;
        for (int i = 0; i < n; ++i) alive |= fibres[i]->state != DONE;
        if (!alive) return;
        release_block();
    }
}

// After a problem: fibres in the middle of a kernel are forgotten.
inline void drop_fibres() {
    for (Fibre* fibre : fibres) delete fibre;
    fibres.clear();
    current = nullptr;
}

inline void arrange(std::vector<unsigned>& order, size_t n, int how) {
    order.resize(n);
    for (size_t i = 0; i < n; ++i) order[i] = (unsigned)(how == BACKWARDS ? n - 1 - i : i);
    if (how != SHUFFLED) return;
    uint64_t random = n;
    for (size_t i = n; i > 1; --i) {  // Fisher and Yates, by Knuth's generator
        random = random * 6364136223846793005u + 1442695040888963407u;
        std::swap(order[i - 1], order[(random >> 33) % i]);
    }
}

inline void handle_fault(int, siginfo_t* info, void* context) {
    report.address = (uint64_t)info->si_addr;
#if defined(__x86_64__)
    report.is_write = ((ucontext_t*)context)->uc_mcontext.gregs[REG_ERR] >> 1 & 1;
#else
    (void)context;
    report.is_write = -1;
#endif
    stop(FAULT, 0);
}

inline void run_blocks(const Launch& launch) {
    static std::vector<unsigned> blocks, threads;
    arrange(blocks, (size_t)gridDim.x * gridDim.y * gridDim.z, launch.order);
    arrange(threads, n_threads(), launch.order);
    for (unsigned b : blocks) {
        blockIdx = index_of(b, gridDim);
        if (__start_shim_shared)
            memset(__start_shim_shared, 0xff, __stop_shim_shared - __start_shim_shared);
        memset(dynamic.data(), 0xff, dynamic.size());
        if (launch.fibres) {
            run_fibres(threads);
            continue;
        }
        for (unsigned t : threads) {
            threadIdx = index_of(t, blockDim);
            body(body_arguments);
        }
    }
}

template <class... A, size_t... I>
int launch(void (*kernel)(A...), const Launch& launch, void** arguments, Report* out,
           std::index_sequence<I...>) {
    struct Call { void (*kernel)(A...); void** arguments; };
    static Call call;
    call = {kernel, arguments};
    body = [](void* c) {
        const Call& call = *(Call*)c;
        call.kernel(*(std::remove_cv_t<A>*)call.arguments[I]...);
    };
    body_arguments = &call;
    gridDim = {launch.grid[0], launch.grid[1], launch.grid[2]};
    blockDim = {launch.block[0], launch.block[1], launch.block[2]};
    dynamic.assign(launch.shared_bytes, 0);
    report = Report();
    struct sigaction ours = {}, before_segv, before_bus;
    ours.sa_sigaction = handle_fault;
    ours.sa_flags = SA_SIGINFO;
    sigaction(SIGSEGV, &ours, &before_segv);
    sigaction(SIGBUS, &ours, &before_bus);
    if (!sigsetjmp(on_fault, 1)) {
        run_blocks(launch);
    } else {
        const unsigned b[] = {blockIdx.x, blockIdx.y, blockIdx.z};
        const unsigned t[] = {threadIdx.x, threadIdx.y, threadIdx.z};
        memcpy(report.block, b, sizeof b);
        memcpy(report.thread, t, sizeof t);
        drop_fibres();
    }
    sigaction(SIGSEGV, &before_segv, nullptr);
    sigaction(SIGBUS, &before_bus, nullptr);
    *out = report;
    return report.problem;
}

template <class... A>
int launch(void (*kernel)(A...), const Launch* how, void** arguments, Report* out) {
    return launch(kernel, *how, arguments, out, std::index_sequence_for<A...>{});
}

// Of each parameter four characters: pointer or value; constant or written; kind; bytes.
template <class T>
void describe_one(char*& out) {
    using V = std::remove_pointer_t<T>;
    *out++ = std::is_pointer<T>::value ? 'p' : 'v';
    *out++ = std::is_const<V>::value ? 'c' : 'w';
    *out++ = std::is_same<std::remove_cv_t<V>, bool>::value ? 'b'
        : std::is_floating_point<V>::value ? 'f'
        : std::is_unsigned<V>::value ? 'u' : 'i';
    *out++ = (char)('0' + sizeof(V));
}

template <class... A>
void describe(void (*)(A...), char* out) {
    (describe_one<A>(out), ...);
    *out = 0;
}

template <class T>
T exchange(unsigned mask, T value, int lane, int line) {
    static_assert(sizeof(T) <= 8, "shuffles move at most eight bytes");
    Fibre* self = current;
    if (!self) stop(NO_FIBRE, line);
    const dim3 t = self->index;
    const int id = t.x + blockDim.x * (t.y + blockDim.y * t.z);
    memcpy(&self->slot, &value, sizeof value);
    wait(AT_WARP_BARRIER, line, mask, 0);
    T taken = value;
    const int source = (id & ~31) + lane;
    if (0 <= lane && lane < 32 && source < n_threads())
        memcpy(&taken, &fibres[source]->slot, sizeof taken);
    wait(AT_WARP_BARRIER, line, mask, 0);  // before anybody shows something else
    return taken;
}

inline int lane() {
    return (threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z)) & 31;
}

}  // namespace shim

#define __syncthreads() ((void)shim::wait(shim::AT_BLOCK_BARRIER, __LINE__, 0, 0))
#define __syncthreads_or(v) shim::wait(shim::AT_BLOCK_BARRIER, __LINE__, 0, (v) != 0)
#define __syncwarp(...) ((void)shim::wait(shim::AT_WARP_BARRIER, __LINE__, ~0u, 0))
#define __ballot_sync(mask, v) \
    ((unsigned)shim::wait(shim::AT_WARP_BARRIER, __LINE__, mask, (v) != 0))
#define __any_sync(mask, v) (__ballot_sync(mask, v) != 0)
#define __shfl_sync(mask, v, from) shim::exchange(mask, v, from, __LINE__)
#define __shfl_xor_sync(mask, v, by) shim::exchange(mask, v, shim::lane() ^ (by), __LINE__)
#define __shfl_down_sync(mask, v, by) shim::exchange(mask, v, shim::lane() + (by), __LINE__)
#define __shfl_up_sync(mask, v, by) shim::exchange(mask, v, shim::lane() - (by), __LINE__)

template <class T, class U>
T atomicAdd(T* at, U value) { T before = *at; *at += (T)value; return before; }

inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
    return (unsigned long long)(((unsigned __int128)a * b) >> 64);
}
inline void sincospi(double x, double* sine, double* cosine) {
    *sine = std::sin(M_PI * x);
    *cosine = std::cos(M_PI * x);
}
template <class T>
T min(T a, T b) { return b < a ? b : a; }
template <class T>
T max(T a, T b) { return a < b ? b : a; }
