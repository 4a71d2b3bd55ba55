// Measures constructs of Java as concbench orders: version 1 of its protocol for external runners.

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;

public final class Runner {
    private static final BufferedReader LINES = new BufferedReader(new InputStreamReader(System.in));

    public static void main(String[] arguments) {
        try {
            for (String line = LINES.readLine(); line != null; line = LINES.readLine()) {
                if (line.equals("describe")) {
                    describe();
                } else if (line.equals("observe")) {
                    observe();
                }
            }
        } catch (Exception error) {
            error.printStackTrace();
            say("failed " + String.valueOf(error).replaceAll("\\s+", " "));
            // Threads of a pool must not keep it alive.
            System.exit(1);
        }
    }

    private static void say(String line) {
        System.out.println(line);
        System.out.flush();
    }

    private static void describe() {
        StringBuilder models = new StringBuilder();
        for (String model : new TreeMap<>(Models.ALL).keySet()) {
            String missing = Models.missing(model);
            models.append(models.length() == 0 ? "" : ", ").append(quoted(model)).append(": ");
            models.append(missing == null ? "null" : quoted(missing));
        }
        say("{\"protocol\": 1, \"language\": \"Java\", \"implementation\": " + quoted(System.getProperty("java.vm.name"))
                + ", \"version\": " + quoted(System.getProperty("java.version"))
                + ", \"global_lock\": {\"held\": false, \"how\": \"threads of the JVM are threads of the system\"}"
                + ", \"jit\": " + !System.getProperty("java.vm.info", "").contains("interpreted mode")
                + ", \"remark\": " + quoted(System.getProperty("java.vm.info", "")) + ", \"models\": {" + models + "}}");
    }

    private static String quoted(String text) {
        return "\"" + text.replace("\\", "\\\\").replace("\"", "\\\"").replaceAll("\\p{Cntrl}", " ") + "\"";
    }

    private static Map<String, String> readOrder() throws IOException {
        Map<String, String> order = new HashMap<>();
        for (String line = LINES.readLine(); line != null; line = LINES.readLine()) {
            if (line.equals("go")) {
                return order;
            }
            int space = line.indexOf(' ');
            order.put(line.substring(0, space), line.substring(space + 1));
        }
        throw new IOException("the order did not end");
    }

    private static void observe() throws Exception {
        Map<String, String> order = readOrder();
        String name = order.get("model");
        String missing = Models.missing(name);
        if (missing != null) {
            say("unsupported " + missing);
            return;
        }
        int batches = Integer.parseInt(order.get("batches"));
        int most = Integer.parseInt(order.get("most"));
        try (Models.Model model = Models.ALL.get(name).start(new Kernels(order), order)) {
            say("ready");
            long warmUntil = System.nanoTime() + Long.parseLong(order.get("warm_ms")) * 1_000_000L;
            for (int done = 0; done < batches || (System.nanoTime() - warmUntil < 0 && done < most); done++) {
                measure(model);
            }
            say("end");
            for (String line = LINES.readLine(); line != null; line = LINES.readLine()) {
                if (line.equals("again")) {
                    measure(model);
                    say("end");
                }
            }
        }
    }

    private static void measure(Models.Model model) throws Exception {
        long begun = System.nanoTime();
        long[] values = model.batch();
        long digest = 0;
        for (int index = 0; index < values.length; index++) {
            digest += values[index] ^ (index * Kernels.GOLDEN);
        }
        long wall = System.nanoTime() - begun;
        // What is between two batches is in neither, and is to be short all the same: no format, which takes longer than a
        // short batch, and no `+`, which links itself at its first use and takes more than 20 ms for that.
        String digits = Long.toHexString(digest);
        String sum = "0000000000000000".substring(digits.length()) + digits;
        // A task that fails throws, and no batch is reported then.
        StringBuilder line = new StringBuilder("batch ").append(wall);
        say(line.append(' ').append(values.length).append(' ').append(values.length).append(' ').append(sum).toString());
    }
}
