// The tasks, each a function of its number. They block; on a virtual thread that gives its carrier back.

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigInteger;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;

final class Kernels {
    // 2^64 over the golden ratio: what a digest turns the number of a task by.
    static final long GOLDEN = 0x9e3779b97f4a7c15L;

    private final Map<String, String> order;
    private final String kernel;
    private final long n;
    private final long waitNanos;

    Kernels(Map<String, String> order) {
        this.order = order;
        this.kernel = order.get("kernel");
        this.n = number("n");
        this.waitNanos = number("wait_us") * 1_000L;
    }

    private long number(String key) {
        return Long.parseLong(order.getOrDefault(key, "0"));
    }

    long run(long index) throws Exception {
        switch (kernel) {
            case "noop":
                return index;
            case "count":
                return count(index, n);
            case "factorial":
                return factorial(index, n);
            case "sleep":
                sleep();
                return index;
            case "mixed": {
                long before = count(index, n);
                sleep();
                return count(before, n);
            }
            case "http":
                return ask(index);
            default:
                throw new IllegalArgumentException("there is no kernel " + kernel);
        }
    }

    private void sleep() throws InterruptedException {
        Thread.sleep(waitNanos / 1_000_000L, (int) (waitNanos % 1_000_000L));
    }

    // Counts to n, and folds every number on the way into start.
    private static long count(long start, long n) {
        long folded = start;
        for (long number = 1; number <= n; number++) {
            folded = Long.rotateLeft(folded, 5) ^ number;
        }
        return folded;
    }

    // Multiplies 1 to n into an integer that starts as the number of the task, and folds its 64-bit digits.
    private static long factorial(long index, long n) {
        BigInteger product = new BigInteger(Long.toUnsignedString(index | Long.MIN_VALUE));
        for (long factor = 2; factor <= n; factor++) {
            product = product.multiply(BigInteger.valueOf(factor));
        }
        byte[] bytes = product.toByteArray();
        long folded = 0xcbf29ce484222325L;
        // The most significant byte comes first, and may be nothing but the sign.
        int first = bytes[0] == 0 ? 1 : 0;
        for (int end = bytes.length; end > first; end -= 8) {
            long digit = 0;
            for (int at = Math.max(first, end - 8); at < end; at++) {
                digit = digit << 8 | (bytes[at] & 0xff);
            }
            folded = (folded ^ digit) * 0x100000001b3L;
        }
        return folded;
    }

    // The body that the target answers with.
    private static byte[] body(long seed, int length) {
        long mixed = (seed ^ seed >>> 30) * 0xbf58476d1ce4e5b9L;
        mixed = (mixed ^ mixed >>> 27) * 0x94d049bb133111ebL;
        long state = mixed ^ mixed >>> 31 | 1;
        ByteBuffer bytes = ByteBuffer.allocate((length + 7) / 8 * 8).order(ByteOrder.LITTLE_ENDIAN);
        while (bytes.position() < length) {
            state ^= state << 13;
            state ^= state >>> 7;
            state ^= state << 17;
            bytes.putLong(state);
        }
        return Arrays.copyOf(bytes.array(), length);
    }

    // A client that asks several times over one connection. Over a socket: java.net.http shares connections between clients,
    // and runs on threads of its own.
    private long ask(long index) throws IOException {
        String host = order.get("host");
        int port = (int) number("port");
        int length = (int) number("body_bytes");
        long requests = number("requests");
        try (Socket socket = new Socket(host, port)) {
            socket.setTcpNoDelay(true);
            InputStream answers = new BufferedInputStream(socket.getInputStream());
            long digest = index;
            for (long request = 0; request < requests; request++) {
                long seed = index * GOLDEN ^ request;
                String head = "GET /?seed=" + Long.toUnsignedString(seed) + "&delay_us=" + number("delay_us") + "&bytes="
                        + length + " HTTP/1.1\r\nhost: " + host + ":" + port + "\r\n\r\n";
                socket.getOutputStream().write(head.getBytes(StandardCharsets.US_ASCII));
                byte[] received = receive(answers);
                if (!Arrays.equals(received, body(seed, length))) {
                    throw new IOException("http: the body is not the one that was asked for");
                }
                long folded = seed;
                for (byte one : received) {
                    folded = Long.rotateLeft(folded, 5) ^ (one & 0xff);
                }
                digest = digest * 31 + folded;
            }
            return digest;
        }
    }

    private static byte[] receive(InputStream answers) throws IOException {
        String status = line(answers);
        if (!status.startsWith("http/1.1 200")) {
            throw new IOException("http: the server answered " + status);
        }
        int length = -1;
        for (String line = line(answers); !line.isEmpty(); line = line(answers)) {
            if (line.startsWith("content-length:")) {
                length = Integer.parseInt(line.substring(15).trim());
            }
        }
        if (length < 0) {
            throw new IOException("http: the answer has no content-length");
        }
        byte[] received = answers.readNBytes(length);
        if (received.length < length) {
            throw new IOException("http: the connection closed before the answer was whole");
        }
        return received;
    }

    private static String line(InputStream answers) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int next = answers.read(); next != '\n'; next = answers.read()) {
            if (next < 0) {
                throw new IOException("http: the connection closed before the answer was whole");
            }
            line.append((char) next);
        }
        return line.toString().trim().toLowerCase(Locale.ROOT);
    }
}
