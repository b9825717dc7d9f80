/**
 * Which gRPC statuses are failures. A gRPC call that failed is answered with HTTP 200 and has its status in a trailer, so its
 * HTTP status says nothing.
 */

/** HTTP status of each gRPC status code, by its number (google/rpc/code.proto). */
const httpStatus = [200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401] as const;

const codesOf = (holds: (status: number) => boolean): readonly number[] =>
  httpStatus.flatMap((status, code) => (holds(status) ? [code] : []));

/** No failure by the rule that HTTP's are judged by: 500 and more fail, and 429. All others fail, also those nobody knows. */
export const soundGrpc = codesOf((status) => status < 500 && status !== 429);

/** No sign against the callee itself: to be refused for load is none. */
export const below500Grpc = codesOf((status) => status < 500);

/** Content type of gRPC's requests, as a whole. gRPC-Web's is none of them: it has its status in the body. */
export const GRPC_CONTENT_TYPE = 'application/grpc(\\+.*)?';
