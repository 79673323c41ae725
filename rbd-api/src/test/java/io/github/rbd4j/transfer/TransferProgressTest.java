package io.github.rbd4j.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class TransferProgressTest {
  private final List<TransferProgress> steps = new ArrayList<>();
  private final TransferOptions options = TransferOptions.defaults().listener(steps::add);

  private static TransferProgress progress(long from, long done, long total) {
    return new TransferProgress(from, done, total, 40, Duration.ofSeconds(10));
  }

  @Test
  void theRemainingTimeIsThatOfWhatIsLeft() {
    assertThat(progress(0, 25, 100).remaining()).contains(Duration.ofSeconds(30));
    assertThat(progress(0, 100, 100).remaining()).contains(Duration.ZERO);
    assertThat(progress(0, 25, 100).bytesPerSecond()).isEqualTo(4);
  }

  @Test
  void whatWasDoneBeforeAResumeTookNoTime() {
    assertThat(progress(80, 90, 100).remaining()).contains(Duration.ofSeconds(10));
    assertThat(progress(80, 80, 100).remaining()).isEmpty();
  }

  @Test
  void nobodyKnowsHowLongAnUnknownTotalTakes() {
    assertThat(progress(0, 25, -1).remaining()).isEmpty();
    assertThat(progress(0, 0, 100).remaining()).isEmpty();
  }

  private void assertLast(long from, long done, long total, long dataBytes) {
    TransferProgress last = steps.getLast();
    assertThat(new TransferProgress(from, done, total, dataBytes, last.elapsed())).isEqualTo(last);
  }

  @Test
  void aMeterTellsHowFarAResumedTransferIs() {
    Meter meter = Meter.resumed(options, 80, 100);
    meter.addData(5);
    meter.at(85);
    assertLast(80, 85, 100, 5);
    meter.at(100);
    assertLast(80, 100, 100, 5);
  }

  @Test
  void theTotalOfPartsIsUnknownUntilTheLastOne() {
    Meter meter = Meter.ofUnknown(options);
    meter.nextPart(50);
    meter.at(50);
    assertLast(0, 50, -1, 0);
    meter.lastPart(70);
    meter.at(10);
    assertLast(0, 60, 120, 0);
    meter.at(70);
    assertLast(0, 120, 120, 0);
  }

  @Test
  void theTotalOfPartsCanBeKnownFromTheStart() {
    Meter meter = Meter.of(options, 120);
    meter.nextPart(50);
    meter.at(50);
    assertLast(0, 50, 120, 0);
    meter.nextPart(70);
    meter.at(0);
    assertLast(0, 50, 120, 0);
  }
}
