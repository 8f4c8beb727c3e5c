// Counts the pictures that a received track brings, as they leave the decoder,
// and tells each half second when they came.
onmessage = ({ data }: MessageEvent<ReadableStream<VideoFrame>>) => void count(data);

async function count(pictures: ReadableStream<VideoFrame>): Promise<void> {
  const came: number[] = [];
  setInterval(() => came.length && postMessage(came.splice(0)), 500);
  const reader = pictures.getReader();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    came.push(Math.round(performance.timeOrigin + performance.now()));
    value.close();
  }
}
