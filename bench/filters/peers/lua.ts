// What Envoy's Lua filter does in the same cases, written as its users would.

const copy = `
local function copy(h)
  local headers = { ["x-umbra-shadow"] = "1" }
  for name, value in pairs(h:headers()) do headers[name] = value end
  local body = h:body()
  local bytes = nil
  if body ~= nil then bytes = body:getBytes(0, body:length()) end
  h:httpCall("shadow", headers, bytes, 5000, true)
end
`;

/** Copies a share of all requests. */
export const byWeight = (share: number) => `${copy}
function envoy_on_request(h)
  if math.random() < ${share} then copy(h) end
end`;

/** Copies requests with this header. */
export const byHeader = (name: string, value: string) => `${copy}
function envoy_on_request(h)
  if h:headers():get("${name}") == "${value}" then copy(h) end
end`;

/** Copies a share of all sessions: FNV-1a of the cookie's value. */
export const bySession = (cookie: string, share: number) => `${copy}
local bit = require("bit")
local function place(s)
  local hash = -2128831035
  for i = 1, #s do
    hash = bit.bxor(hash, string.byte(s, i))
    -- hash * 16777619, in parts that a double holds exactly
    hash = bit.tobit(bit.lshift(hash, 24) + hash * 403)
  end
  return (hash % 4294967296) / 4294967296
end
function envoy_on_request(h)
  local all = h:headers():get("cookie") or ""
  local id = string.match(all, "${cookie}=([^;]*)") or ""
  if place(id) < ${share} then copy(h) end
end`;

/** Copies everything. */
export const everything = `${copy}
function envoy_on_request(h) copy(h) end`;

/** Reads one header and adds one. */
export const addHeader = `
function envoy_on_request(h)
  local tier = "stable"
  if h:headers():get("x-canary") == "yes" then tier = "canary" end
  h:headers():add("x-tier", tier)
end`;

/** Doubles the first number of an answer, found by a pattern: Envoy's Lua has no JSON. */
export const mutate = `
function envoy_on_response(h)
  local body = h:body()
  if body == nil then return end
  local text = body:getBytes(0, body:length())
  local changed, n = string.gsub(text, ":(%d+)", function(d) return ":" .. tostring(tonumber(d) * 2) end, 1)
  if n > 0 then body:setBytes(changed) end
end`;
