// The constructs that are measured: each is started with an order, runs batches, and is closed. A batch returns what its tasks
// returned, in the order of their numbers.

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;

final class Models {
    interface Model extends AutoCloseable {
        long[] batch() throws Exception;

        @Override
        default void close() throws Exception {}
    }

    interface Start {
        Model start(Kernels kernels, Map<String, String> order) throws Exception;
    }

    static final Map<String, Start> ALL = Map.of(
            "sequential", (kernels, order) -> () -> sequential(kernels, tasks(order)),
            "threads", (kernels, order) -> () -> threads(kernels, tasks(order)),
            "fixed-pool", (kernels, order) -> pool(kernels, order, Executors.newFixedThreadPool(workers(order))),
            "fork-join", (kernels, order) -> pool(kernels, order, new ForkJoinPool(workers(order))),
            "virtual-threads", (kernels, order) -> pool(kernels, order, virtualThreads()));

    // Why this runtime has no such construct; null where it has.
    static String missing(String model) {
        if (!ALL.containsKey(model)) {
            return "there is no model " + model;
        }
        if (model.equals("virtual-threads") && Runtime.version().feature() < 21) {
            return "virtual threads need Java 21, this is " + System.getProperty("java.version");
        }
        return null;
    }

    private static int tasks(Map<String, String> order) {
        return Integer.parseInt(order.get("tasks"));
    }

    private static int workers(Map<String, String> order) {
        return Integer.parseInt(order.get("workers"));
    }

    // By reflection, so that one source compiles with every JDK from 11 on.
    private static ExecutorService virtualThreads() throws ReflectiveOperationException {
        return (ExecutorService) Executors.class.getMethod("newVirtualThreadPerTaskExecutor").invoke(null);
    }

    private static long[] sequential(Kernels kernels, int tasks) throws Exception {
        long[] values = new long[tasks];
        for (int index = 0; index < tasks; index++) {
            values[index] = kernels.run(index);
        }
        return values;
    }

    // new Thread: one a task, started and joined.
    private static long[] threads(Kernels kernels, int tasks) throws Exception {
        List<FutureTask<Long>> results = new ArrayList<>();
        for (int index = 0; index < tasks; index++) {
            long number = index;
            FutureTask<Long> result = new FutureTask<>(() -> kernels.run(number));
            results.add(result);
            new Thread(result).start();
        }
        return gathered(results);
    }

    private static long[] gathered(List<? extends Future<Long>> results) throws Exception {
        long[] values = new long[results.size()];
        for (int index = 0; index < values.length; index++) {
            values[index] = results.get(index).get();
        }
        return values;
    }

    // An executor: each task is submitted, and its future awaited.
    private static Model pool(Kernels kernels, Map<String, String> order, ExecutorService executor) {
        int tasks = tasks(order);
        return new Model() {
            @Override
            public long[] batch() throws Exception {
                List<Future<Long>> results = new ArrayList<>();
                for (int index = 0; index < tasks; index++) {
                    long number = index;
                    Callable<Long> task = () -> kernels.run(number);
                    results.add(executor.submit(task));
                }
                return gathered(results);
            }

            @Override
            public void close() throws InterruptedException {
                executor.shutdown();
                executor.awaitTermination(1, TimeUnit.MINUTES);
            }
        };
    }
}
