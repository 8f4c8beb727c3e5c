// The enumerations of callstats.js, as pages read them from the object.

/** What a connection carries. */
export const fabricUsage = {
  audio: "audio",
  video: "video",
  data: "data",
  screen: "screen",
  multiplex: "multiplex",
  unbundled: "unbundled",
} as const;

/** What happens on a connection. */
export const fabricEvent = {
  fabricSetupFailed: "fabricSetupFailed",
  fabricHold: "fabricHold",
  fabricResume: "fabricResume",
  audioMute: "audioMute",
  audioUnmute: "audioUnmute",
  videoPause: "videoPause",
  videoResume: "videoResume",
  fabricUsageEvent: "fabricUsageEvent",
  fabricTerminated: "fabricTerminated",
  screenShareStart: "screenShareStart",
  screenShareStop: "screenShareStop",
  dominantSpeaker: "dominantSpeaker",
  activeDeviceList: "activeDeviceList",
  applicationErrorLog: "applicationErrorLog",
  callDetails: "callDetails",
  callUnAnswered: "callUnAnswered",
} as const;

/** The function that an error comes from. */
export const webRTCFunctions = {
  createOffer: "createOffer",
  createAnswer: "createAnswer",
  setLocalDescription: "setLocalDescription",
  setRemoteDescription: "setRemoteDescription",
  addIceCandidate: "addIceCandidate",
  getUserMedia: "getUserMedia",
  iceConnectionFailure: "iceConnectionFailure",
  signalingError: "signalingError",
  applicationError: "applicationError",
  applicationLog: "applicationLog",
} as const;

/** First argument of the callbacks. */
export const csError = {
  httpError: "httpError",
  authError: "authError",
  wsChannelFailure: "wsChannelFailure",
  success: "success",
  csProtoError: "csProtoError",
  appConnectivityError: "appConnectivityError",
  tokenGenerationError: "tokenGenerationError",
  ok: "OK",
  authOngoing: "authOngoing",
  invalidWebRTCFunctionName: "Invalid WebRTC function name",
  invalidEndPointType: "Invalid EndPoint Type",
  invalidTransmissionDirection: "Invalid fabric transmission direction",
} as const;

export const qualityRating = { excellent: 5, good: 4, fair: 3, poor: 2, bad: 1 } as const;
export const callStatsAPIReturnStatus = { success: "success", failure: "failure" } as const;
export const userIDType = { local: "local", remote: "remote" } as const;
export const transmissionDirection = { sendonly: "sendonly", receiveonly: "receiveonly", sendrecv: "sendrecv", inactive: "inactive" } as const;
export const endpointType = { peer: "peer", server: "server" } as const;
export const callType = { unknown: "unknown", inbound: "inbound", outbound: "outbound", monitoring: "monitoring" } as const;
export const roles = { agent: "agent", participant: "participant" } as const;

/** What on() listens to. */
export const events = ["defaultConfig", "recommendedConfig", "preCallTestResults", "connectionRecommendation", "error", "stats"] as const;

export type EventName = (typeof events)[number];

/** The version of callstats.js whose surface this is. */
export const VERSION = "3.73.16";
