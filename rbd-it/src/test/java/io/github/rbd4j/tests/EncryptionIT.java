package io.github.rbd4j.tests;

import static io.github.rbd4j.tests.Unsupported.assertUnsupported;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.rbd4j.DiffExtent;
import io.github.rbd4j.DiffOptions;
import io.github.rbd4j.Feature;
import io.github.rbd4j.Image;
import io.github.rbd4j.ImageOptions;
import io.github.rbd4j.InvalidRequestException;
import io.github.rbd4j.NoSpaceException;
import io.github.rbd4j.ObjectExistsException;
import io.github.rbd4j.OperationNotSupportedException;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.ReadOnlyImageException;
import io.github.rbd4j.WrongPassphraseException;
import io.github.rbd4j.encryption.Encryption;
import io.github.rbd4j.encryption.EncryptionAlgorithm;
import io.github.rbd4j.encryption.EncryptionFormat;
import io.github.rbd4j.internal.NativeSymbols;
import io.github.rbd4j.internal.Secret;
import io.github.rbd4j.it.CephCluster;
import io.github.rbd4j.it.CephTest;
import io.github.rbd4j.it.CommandLine;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.Field;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.Cipher;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Encryption of images, checked against cryptsetup and qemu. Every format and load derives a key
 * from a passphrase, which takes seconds on purpose, so there are few of them.
 */
@CephTest
@Timeout(300)
class EncryptionIT {
  private static final long MIB = 1 << 20;
  private static final long SIZE = 64 * MIB;
  private static final String PASSPHRASE = "Pässwört für €uch 🔑";
  private static final boolean CEPH_18 = NativeSymbols.has("rbd_encryption_load2");

  private final CephCluster ceph;
  private final Rbd rbd;
  private final Deque<String> images = new ArrayDeque<>();

  EncryptionIT(CephCluster ceph, Rbd rbd) {
    this.ceph = ceph;
    this.rbd = rbd;
  }

  @AfterEach
  void removeImages() {
    for (String name : images) { // clones come first
      try (Image image = rbd.open(name)) {
        image.snapshots().forEach(snapshot -> image.removeSnapshot(snapshot.id()));
      }
      rbd.remove(name);
    }
  }

  private String create(long size, Feature... features) {
    String name = Names.unique("encrypted");
    ImageOptions options = new ImageOptions().addFeatures(Set.of(features));
    rbd.create(name, size, options);
    images.push(name);
    return name;
  }

  private String cloneOf(String parent) {
    String name = Names.unique("clone");
    try (Image image = rbd.open(parent)) {
      image.createSnapshot("base");
    }
    ImageOptions options = new ImageOptions().cloneFormat(2);
    rbd.clone(parent, "base", rbd, name, options);
    images.push(name);
    return name;
  }

  private static EncryptionFormat luks1() {
    return EncryptionFormat.luks1(EncryptionAlgorithm.AES128, PASSPHRASE.toCharArray());
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] random(int length, long seed) {
    byte[] bytes = new byte[length];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  private static byte[] read(Image image, long offset, int length) {
    byte[] data = new byte[length];
    assertThat(image.readAt(offset, data)).isEqualTo(length);
    return data;
  }

  /** Runs a program that must succeed. */
  private static String run(String... command) {
    CommandLine.Result result =
        CommandLine.run(Duration.ofMinutes(2), Map.of("LC_ALL", "C.UTF-8"), List.of(command));
    assertThat(result.status()).as("%s: %s", List.of(command), result.errors()).isZero();
    return result.text();
  }

  private static Path passphraseFile(Path folder) throws IOException {
    return Files.write(folder.resolve("passphrase"), bytes(PASSPHRASE));
  }

  private static boolean contains(byte[] data, byte[] part) {
    return new String(data, StandardCharsets.ISO_8859_1)
        .contains(new String(part, StandardCharsets.ISO_8859_1));
  }

  // -------------------------------------------------------------------------- what is written

  @ParameterizedTest
  @CsvSource({
    "LUKS1, AES128, 256, 4", // XTS takes two keys
    "LUKS1, AES256, 512, 4",
    "LUKS2, AES128, 256, 16",
    "LUKS2, AES256, 512, 16",
  })
  void cryptsetupAndQemuReadWhatIsWritten(
      String kind, EncryptionAlgorithm algorithm, int keyBits, int headerMib, @TempDir Path folder)
      throws IOException, GeneralSecurityException {
    boolean one = kind.equals("LUKS1");
    byte[] text = bytes("this must not be readable in the cluster ".repeat(100));
    byte[] data = random(100_000, 1);
    String name = create(SIZE);
    try (Image image = rbd.open(name);
        EncryptionFormat format =
            one
                ? EncryptionFormat.luks1(algorithm, PASSPHRASE.toCharArray())
                : EncryptionFormat.luks2(algorithm, PASSPHRASE.toCharArray())) {
      Encryption encryption = new Encryption(image);
      encryption.format(format);
      assertThat(image.size()).isEqualTo(SIZE - headerMib * MIB);
      image.writeAt(0, text);
      image.writeAt(4 * MIB - 777, data); // across two objects, not at a sector
      image.writeAt(image.size() - text.length, text);
      assertThat(read(image, 4 * MIB - 777, data.length)).isEqualTo(data);
      assertThatThrownBy(() -> image.writeAt(image.size(), new byte[1]))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> encryption.load(format))
          .isExactlyInstanceOf(ObjectExistsException.class);
    }

    byte[] plain;
    int start = (int) (4 * MIB - 777);
    try (Image image = rbd.openReadOnly(name);
        EncryptionFormat format =
            one
                ? EncryptionFormat.luks1(EncryptionAlgorithm.AES128, bytes(PASSPHRASE))
                : EncryptionFormat.luks2(EncryptionAlgorithm.AES128, bytes(PASSPHRASE))) {
      assertThat(image.size()).isEqualTo(SIZE);
      new Encryption(image).load(format);
      assertThat(image.size()).isEqualTo(SIZE - headerMib * MIB);
      plain = read(image, 0, (int) image.size());
      assertThat(Arrays.copyOf(plain, text.length)).isEqualTo(text);
      assertThat(Arrays.copyOfRange(plain, plain.length - text.length, plain.length))
          .isEqualTo(text);
      assertThat(Arrays.copyOfRange(plain, start, start + data.length)).isEqualTo(data);
    }

    Path exported = folder.resolve("exported");
    ceph.rbd("export", "--no-progress", "rbd/" + name, exported.toString());
    byte[] raw = Files.readAllBytes(exported);
    assertThat(raw).hasSize((int) SIZE).startsWith(bytes("LUKS"));
    assertThat(contains(raw, Arrays.copyOf(text, 20))).isFalse();
    assertThat(contains(raw, Arrays.copyOfRange(data, 1000, 1016))).isFalse();

    Path passphrase = passphraseFile(folder);
    String dump = run("cryptsetup", "luksDump", exported.toString());
    assertThat(dump)
        .containsPattern("Version:\\s+" + (one ? 1 : 2))
        .containsPattern(one ? "Cipher mode:\\s+xts-plain64" : "cipher:\\s+aes-xts-plain64")
        .containsPattern(one ? "MK bits:\\s+" + keyBits : "Key:\\s+" + keyBits + " bits");
    run(
        "cryptsetup",
        "open",
        "--test-passphrase",
        "--batch-mode",
        "--key-file",
        passphrase.toString(),
        exported.toString());
    byte[] seen;
    if (one) { // all that qemu knows
      Path opened = folder.resolve("opened");
      run(
          "qemu-img",
          "convert",
          "--object",
          "secret,id=key,format=raw,file=" + passphrase,
          "--image-opts",
          "driver=luks,key-secret=key,file.driver=file,file.filename=" + exported,
          "-O",
          "raw",
          opened.toString());
      seen = Files.readAllBytes(opened);
    } else {
      Path key = folder.resolve("key");
      run(
          "cryptsetup",
          "luksDump",
          "--batch-mode",
          "--dump-volume-key",
          "--volume-key-file",
          key.toString(),
          "--key-file",
          passphrase.toString(),
          exported.toString());
      seen =
          decrypt(
              raw,
              number(dump, "offset:\\s+(\\d+) \\[bytes]"),
              number(dump, "sector:\\s+(\\d+) \\[bytes]"),
              Files.readAllBytes(key));
    }
    // What was never written is zeros to librbd, and encrypted zeros to the others.
    assertThat(seen).hasSameSizeAs(plain);
    for (int offset : new int[] {0, start, plain.length - text.length}) {
      int end = Math.min(offset + text.length, plain.length);
      assertThat(Arrays.mismatch(seen, offset, end, plain, offset, end)).isEqualTo(-1);
    }
    assertThat(Arrays.mismatch(seen, start, start + data.length, data, 0, data.length))
        .isEqualTo(-1);
  }

  private static int number(String text, String pattern) {
    Matcher matcher = Pattern.compile(pattern).matcher(text);
    assertThat(matcher.find()).as(text).isTrue();
    return Integer.parseInt(matcher.group(1));
  }

  /** Decrypts AES-XTS with the sector number as tweak (plain64), as IEEE 1619 says. */
  private static byte[] decrypt(byte[] image, int start, int sectorSize, byte[] key)
      throws GeneralSecurityException {
    int half = key.length / 2;
    Cipher data = Cipher.getInstance("AES/ECB/NoPadding");
    data.init(Cipher.DECRYPT_MODE, new SecretKeySpec(key, 0, half, "AES"));
    Cipher tweaks = Cipher.getInstance("AES/ECB/NoPadding");
    tweaks.init(Cipher.ENCRYPT_MODE, new SecretKeySpec(key, half, half, "AES"));
    byte[] plain = Arrays.copyOfRange(image, start, image.length);
    for (int sector = 0; sector < plain.length; sector += sectorSize) {
      byte[] tweak = new byte[16];
      ByteBuffer.wrap(tweak).order(ByteOrder.LITTLE_ENDIAN).putLong(sector / 512);
      tweak = tweaks.doFinal(tweak);
      for (int block = sector; block < sector + sectorSize; block += tweak.length) {
        xor(plain, block, tweak);
        data.doFinal(plain, block, tweak.length, plain, block);
        xor(plain, block, tweak);
        multiplyByAlpha(tweak);
      }
    }
    return plain;
  }

  private static void xor(byte[] data, int offset, byte[] other) {
    for (int i = 0; i < other.length; i++) {
      data[offset + i] ^= other[i];
    }
  }

  private static void multiplyByAlpha(byte[] tweak) {
    int carry = 0;
    for (int i = 0; i < tweak.length; i++) {
      int shifted = (tweak[i] & 0xff) << 1 | carry;
      tweak[i] = (byte) shifted;
      carry = shifted >> 8;
    }
    if (carry != 0) {
      tweak[0] ^= (byte) 0x87;
    }
  }

  /** An image that cryptsetup has formatted, with so little derivation that loading is quick. */
  private Path formatted(String type, int sector, Path folder) throws IOException {
    Path file = folder.resolve("formatted");
    Files.write(file, new byte[(int) (32 * MIB)]);
    List<String> command =
        new ArrayList<>(
            List.of("cryptsetup", "luksFormat", "--batch-mode", "--type", type, "--key-file"));
    command.addAll(List.of(passphraseFile(folder).toString(), "--pbkdf", "pbkdf2"));
    command.addAll(List.of("--pbkdf-force-iterations", "1000", "--key-size", "512"));
    command.addAll(List.of("--cipher", "aes-xts-plain64", "--sector-size", "" + sector));
    if (type.equals("luks1")) { // since Ceph 18 the data must begin with an object
      command.addAll(List.of("--align-payload", Long.toString(4 * MIB / 512)));
    }
    command.add(file.toString());
    run(command.toArray(String[]::new));
    return file;
  }

  private String imported(Path file) {
    String name = Names.unique("imported");
    ceph.rbd("import", "--no-progress", file.toString(), "rbd/" + name);
    images.push(name);
    return name;
  }

  private static String qemuIo(Path folder, Path file, String command) {
    return run(
        "qemu-io",
        "--object",
        "secret,id=key,format=raw,file=" + folder.resolve("passphrase"),
        "--image-opts",
        "driver=luks,key-secret=key,file.driver=file,file.filename=" + file,
        "-c",
        command);
  }

  @Test
  void whatQemuWritesIsReadAndTheOtherWayRound(@TempDir Path folder) throws IOException {
    byte[] data = random((int) (8 * MIB), 2);
    Path source = Files.write(folder.resolve("data"), data);
    Path file = formatted("luks1", 512, folder);
    qemuIo(folder, file, "write -s " + source + " 3M " + data.length);
    String name = imported(file);
    try (Image image = rbd.open(name);
        EncryptionFormat format = luks1()) {
      new Encryption(image).load(format);
      assertThat(image.size()).isEqualTo(28 * MIB);
      assertThat(Arrays.mismatch(read(image, 3 * MIB, data.length), data)).isEqualTo(-1);
      image.writeAt(4 * MIB, bytes("written by the library"));
    }
    Path exported = folder.resolve("exported");
    ceph.rbd("export", "--no-progress", "rbd/" + name, exported.toString());
    assertThat(qemuIo(folder, exported, "read -v 4M 512"))
        .contains("written.by.the.l") // spaces are dots to it
        .contains("read 512/512");
  }

  @ParameterizedTest
  @CsvSource({"luks1, 512", "luks2, 512", "luks2, 4096"})
  void anImageThatCryptsetupFormattedIsReadAndWritten(String type, int sector, @TempDir Path folder)
      throws IOException {
    String name = imported(formatted(type, sector, folder));
    byte[] data = random(100_001, 3);
    try (EncryptionFormat format =
        type.equals("luks1")
            ? luks1()
            : EncryptionFormat.luks2(EncryptionAlgorithm.AES256, PASSPHRASE.toCharArray())) {
      try (Image image = rbd.open(name)) {
        new Encryption(image).load(format);
        image.writeAt(MIB - 1, data);
      }
      try (Image image = rbd.open(name)) {
        new Encryption(image).load(format);
        assertThat(read(image, MIB - 1, data.length)).isEqualTo(data);
        assertThatThrownBy(() -> new Encryption(image).load(format))
            .isExactlyInstanceOf(ObjectExistsException.class)
            .hasMessageContaining("load the encryption of image rbd/" + name);
      }
    }
  }

  // --------------------------------------------------------------------------- what is refused

  @Test
  void onlyTheRightPassphraseAndFormatOpenAnImage(@TempDir Path folder) throws IOException {
    String name = imported(formatted("luks1", 512, folder));
    String other = create(SIZE);
    try (EncryptionFormat right = luks1();
        EncryptionFormat wrongPassphrase =
            EncryptionFormat.luks1(EncryptionAlgorithm.AES128, bytes(PASSPHRASE + "\n"));
        EncryptionFormat wrongFormat =
            EncryptionFormat.luks2(EncryptionAlgorithm.AES128, bytes(PASSPHRASE))) {
      try (Image image = rbd.open(name)) {
        Encryption encryption = new Encryption(image);
        assertThatThrownBy(() -> encryption.load(wrongPassphrase))
            .isExactlyInstanceOf(WrongPassphraseException.class)
            .hasMessageContaining("load the encryption of image rbd/" + name);
        assertThatThrownBy(() -> encryption.load(wrongFormat))
            .isInstanceOf(InvalidRequestException.class);
        assertThat(image.size()).isEqualTo(32 * MIB);
        assertThat(read(image, 0, 4)).isEqualTo(bytes("LUKS"));
        encryption.load(right);
        assertThat(image.size()).isEqualTo(28 * MIB);
      }
      try (Image image = rbd.open(other)) {
        assertThatThrownBy(() -> new Encryption(image).load(right)) // there is no header
            .isInstanceOf(InvalidRequestException.class);
        image.writeAt(0, new byte[512]);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"luks1, 4", "luks2, 16"})
  void theVersionOfLuksNeedNotBeKnownSinceCeph18(String type, int headerMib, @TempDir Path folder)
      throws IOException {
    String name = imported(formatted(type, 512, folder));
    byte[] data = random(10_000, 4);
    try (EncryptionFormat any = EncryptionFormat.luks(PASSPHRASE.toCharArray());
        EncryptionFormat wrong = EncryptionFormat.luks(bytes("another one"))) {
      try (Image image = rbd.open(name)) {
        Encryption encryption = new Encryption(image);
        if (!CEPH_18) {
          assertUnsupported("rbd_encryption_load2", () -> encryption.load(any));
          return;
        }
        assertThatThrownBy(() -> encryption.load(wrong))
            .isExactlyInstanceOf(WrongPassphraseException.class);
        assertThatThrownBy(() -> encryption.load(List.of(wrong)))
            .isExactlyInstanceOf(WrongPassphraseException.class);
        encryption.load(any);
        assertThat(image.size()).isEqualTo((32 - headerMib) * MIB);
        image.writeAt(MIB - 1, data);
      }
      try (Image image = rbd.open(name);
          EncryptionFormat known =
              type.equals("luks1")
                  ? luks1()
                  : EncryptionFormat.luks2(EncryptionAlgorithm.AES256, bytes(PASSPHRASE))) {
        new Encryption(image).load(known);
        assertThat(read(image, MIB - 1, data.length)).isEqualTo(data);
      }
    }
  }

  /** Whole objects would be told where they are behind the header. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void differencesAreThoseOfTheData(boolean wholeObjects) {
    String name = create(SIZE, Feature.EXCLUSIVE_LOCK, Feature.OBJECT_MAP, Feature.FAST_DIFF);
    try (EncryptionFormat format = luks1();
        Image image = rbd.open(name)) {
      new Encryption(image).format(format);
      image.createSnapshot("before");
      image.writeAt(8 * MIB, random(4096, 5));
      image.writeAt(20 * MIB, random(4096, 6));
      image.flush();
      List<DiffExtent> expected =
          List.of(new DiffExtent(8 * MIB, 4096, true), new DiffExtent(20 * MIB, 4096, true));
      assertThat(image.diff(DiffOptions.since("before").wholeObject(wholeObjects)))
          .isEqualTo(expected);
      assertThat(image.diff(DiffOptions.sinceBeginning().wholeObject(wholeObjects)))
          .isEqualTo(expected);
      try (var stream = image.diffStream(DiffOptions.since("before").range(16 * MIB, 8 * MIB))) {
        assertThat(stream).containsExactly(expected.get(1));
      }
    }
  }

  @Test
  void aFormatThatFailsLeavesTheEncryptionUnloaded(@TempDir Path folder) throws IOException {
    String name = imported(formatted("luks1", 512, folder));
    try (Image image = rbd.openReadOnly(name);
        EncryptionFormat format = luks1()) {
      Encryption encryption = new Encryption(image);
      encryption.load(format);
      assertThat(image.size()).isEqualTo(28 * MIB);
      assertThatThrownBy(() -> encryption.format(format))
          .isInstanceOf(ReadOnlyImageException.class);
      assertThat(image.size()).isEqualTo(32 * MIB);
      assertThat(read(image, 0, 4)).isEqualTo(bytes("LUKS"));
      encryption.load(format);
      assertThat(image.size()).isEqualTo(28 * MIB);
    }
  }

  @Test
  void anImageWithoutRoomForTheHeaderIsNotFormatted() {
    String name = create(MIB);
    try (Image image = rbd.open(name);
        EncryptionFormat format = luks1()) {
      assertThatThrownBy(() -> new Encryption(image).format(format))
          .isInstanceOf(NoSpaceException.class);
      assertThat(image.size()).isEqualTo(MIB);
    }
  }

  @Test
  void anImageWithAJournalIsNotFormatted() {
    String name = create(SIZE, Feature.JOURNALING);
    try (Image image = rbd.open(name);
        EncryptionFormat format = luks1()) {
      assertThatThrownBy(() -> new Encryption(image).format(format))
          .isInstanceOf(OperationNotSupportedException.class);
      assertThat(image.size()).isEqualTo(SIZE);
    }
  }

  @Test
  void aFormatThatCanOnlyBeLoadedDoesNotFormat() {
    String name = create(SIZE);
    try (Image image = rbd.open(name);
        EncryptionFormat format = EncryptionFormat.luks(PASSPHRASE.toCharArray())) {
      assertThatThrownBy(() -> new Encryption(image).format(format))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> new Encryption(image).load(List.of()))
          .isInstanceOf(IllegalArgumentException.class);
      assertThat(read(image, 0, 4)).isEqualTo(new byte[4]);
    }
  }

  @Test
  void aClosedFormatIsRefused() {
    String name = create(SIZE);
    EncryptionFormat format = luks1();
    format.close();
    format.close();
    try (Image image = rbd.open(name)) {
      Encryption encryption = new Encryption(image);
      assertThatThrownBy(() -> encryption.format(format)).isInstanceOf(IllegalStateException.class);
      assertThatThrownBy(() -> encryption.load(format)).isInstanceOf(IllegalStateException.class);
      if (CEPH_18) {
        assertThatThrownBy(() -> encryption.load(List.of(format)))
            .isInstanceOf(IllegalStateException.class);
      }
      assertThat(read(image, 0, 4)).isEqualTo(new byte[4]);
    }
  }

  // ------------------------------------------------------------------------------------ clones

  @Test
  void encryptedClonesAreThoseOfCeph18() {
    String parent = create(SIZE);
    if (!CEPH_18) {
      String clone = cloneOf(parent);
      try (Image image = rbd.open(clone);
          EncryptionFormat luks1 = luks1();
          EncryptionFormat any = EncryptionFormat.luks(PASSPHRASE.toCharArray())) {
        Encryption encryption = new Encryption(image);
        assertThatThrownBy(() -> encryption.format(luks1))
            .isInstanceOf(OperationNotSupportedException.class);
        assertUnsupported("rbd_encryption_load2", () -> encryption.load(any));
        assertUnsupported("rbd_encryption_load2", () -> encryption.load(List.of(luks1)));
      }
      return;
    }
    try (EncryptionFormat ofParent = luks1();
        EncryptionFormat ofClone =
            EncryptionFormat.luks2(EncryptionAlgorithm.AES256, bytes("another one"));
        EncryptionFormat any = EncryptionFormat.luks(bytes("another one"))) {
      try (Image image = rbd.open(parent)) {
        new Encryption(image).format(ofParent);
        image.writeAt(0, bytes("of the parent"));
        image.writeAt(20 * MIB, bytes("of the parent"));
      }
      String clone = cloneOf(parent);
      try (Image image = rbd.open(clone)) {
        new Encryption(image).format(ofClone);
      }
      try (Image image = rbd.open(clone)) {
        new Encryption(image).load(List.of(any, ofParent));
        assertThat(read(image, 0, 13)).isEqualTo(bytes("of the parent"));
        image.writeAt(0, bytes("of the clone "));
      }
      try (Image image = rbd.open(clone)) {
        new Encryption(image).load(List.of(ofClone, ofParent));
        assertThat(read(image, 0, 13)).isEqualTo(bytes("of the clone "));
        assertThat(read(image, 20 * MIB, 13)).isEqualTo(bytes("of the parent"));
      }
      try (Image image = rbd.open(parent)) {
        new Encryption(image).load(ofParent);
        assertThat(read(image, 0, 13)).isEqualTo(bytes("of the parent"));
      }
    }
  }

  @Test
  void aChainOfEncryptedClonesNeedsThePassphraseOfEach() {
    String first = create(SIZE);
    try (EncryptionFormat ofFirst = luks1();
        EncryptionFormat ofSecond =
            EncryptionFormat.luks2(EncryptionAlgorithm.AES256, bytes("of the second"));
        EncryptionFormat ofThird =
            EncryptionFormat.luks2(EncryptionAlgorithm.AES128, bytes("of the third"));
        EncryptionFormat wrong = EncryptionFormat.luks1(EncryptionAlgorithm.AES128, bytes("no"));
        EncryptionFormat wrong2 = EncryptionFormat.luks2(EncryptionAlgorithm.AES256, bytes("no"))) {
      if (!CEPH_18) {
        try (Image image = rbd.open(first)) {
          Encryption encryption = new Encryption(image);
          assertUnsupported(
              "rbd_encryption_load2", () -> encryption.load(List.of(ofThird, ofSecond, ofFirst)));
        }
        return;
      }
      try (Image image = rbd.open(first)) {
        new Encryption(image).format(ofFirst);
        image.writeAt(0, bytes("one"));
        image.writeAt(8 * MIB, bytes("one"));
        image.writeAt(16 * MIB, bytes("one"));
      }
      String second = cloneOf(first);
      try (Image image = rbd.open(second)) {
        new Encryption(image).format(ofSecond);
      }
      try (Image image = rbd.open(second)) {
        new Encryption(image).load(List.of(ofSecond, ofFirst));
        image.writeAt(8 * MIB, bytes("two"));
        image.writeAt(16 * MIB, bytes("two"));
      }
      String third = cloneOf(second);
      try (Image image = rbd.open(third)) {
        new Encryption(image).format(ofThird);
      }
      for (List<EncryptionFormat> formats :
          List.of(
              List.of(wrong2, ofSecond, ofFirst),
              List.of(ofThird, wrong2, ofFirst),
              List.of(ofThird, ofSecond, wrong))) {
        try (Image image = rbd.open(third)) {
          Encryption encryption = new Encryption(image);
          assertThatThrownBy(() -> encryption.load(formats))
              .isInstanceOf(WrongPassphraseException.class);
        }
      }
      try (Image image = rbd.open(third)) {
        new Encryption(image).load(List.of(ofThird, ofSecond, ofFirst));
        image.writeAt(16 * MIB, bytes("three"));
        assertThat(read(image, 0, 3)).isEqualTo(bytes("one"));
        assertThat(read(image, 8 * MIB, 3)).isEqualTo(bytes("two"));
        assertThat(read(image, 16 * MIB, 5)).isEqualTo(bytes("three"));
      }
    }
  }

  // -------------------------------------------------------------------------------- passphrases

  @Test
  void thePassphraseIsCopiedAndErased() throws ReflectiveOperationException {
    Field field = EncryptionFormat.class.getDeclaredField("passphrase");
    field.setAccessible(true);
    char[] chars = PASSPHRASE.toCharArray();
    byte[] bytes = bytes(PASSPHRASE);
    for (EncryptionFormat format :
        List.of(
            EncryptionFormat.luks1(EncryptionAlgorithm.AES128, chars),
            EncryptionFormat.luks2(EncryptionAlgorithm.AES256, chars),
            EncryptionFormat.luks(chars),
            EncryptionFormat.luks1(EncryptionAlgorithm.AES128, bytes),
            EncryptionFormat.luks2(EncryptionAlgorithm.AES256, bytes),
            EncryptionFormat.luks(bytes))) {
      Secret secret = (Secret) field.get(format);
      try (Arena arena = Arena.ofConfined()) {
        assertThat(secret.copy(arena).toArray(ValueLayout.JAVA_BYTE)).isEqualTo(bytes);
        assertThat(format.toString()).doesNotContain(PASSPHRASE);
        format.close();
        assertThatThrownBy(() -> secret.copy(arena)).isInstanceOf(IllegalStateException.class);
      }
    }
    assertThat(chars).isEqualTo(PASSPHRASE.toCharArray());
    assertThat(bytes).isEqualTo(bytes(PASSPHRASE));
  }

  @Test
  void theUnknownAlgorithmIsRefused() {
    assertThatThrownBy(() -> EncryptionFormat.luks1(EncryptionAlgorithm.UNKNOWN, new byte[1]))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> EncryptionFormat.luks2(EncryptionAlgorithm.UNKNOWN, new char[1]))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
