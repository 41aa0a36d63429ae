-- CEL's values in Lua. An error of CEL is a value here, so that && and || can
-- absorb it; null and an absent optional are values too, since Lua's nil cannot
-- be stored. Numbers from 2^53 on have lost digits: where those would decide,
-- the answer is an error.
local ERROR, NULL, NONE = {}, {}, {}

local function is_plain(v)
  return type(v) == "table" and v ~= ERROR and v ~= NULL and v ~= NONE
end

-- a.b["c"][0]
local function at(v, ...)
  for _, key in ipairs({...}) do
    if type(v) ~= "table" then return ERROR end
    if type(key) == "number" then key = key + 1 end
    v = v[key]
    if v == nil then return ERROR end
  end
  return v
end

-- Whether CEL refuses to look a key up: lists have numbers, maps have texts.
local function is_misfit(v, key)
  if key == ERROR or v == ERROR then return true end
  if type(v) ~= "table" then return false end
  if type(key) == "number" then return next(v) ~= nil and v[1] == nil end
  return v[1] ~= nil
end

-- has(a.b)
local function has(v, key)
  if is_misfit(v, key) then return ERROR end
  return type(v) == "table" and v[key] ~= nil
end

-- a.?b and a[?b]
local function opt(v, key)
  if v == NONE then return NONE end
  if is_misfit(v, key) then return ERROR end
  if type(key) == "number" then key = key + 1 end
  if type(v) ~= "table" or v[key] == nil then return NONE end
  return v[key]
end

-- a.orValue(b) and a.or(b)
local function or_value(v, other)
  if v == NONE then return other end
  return v
end

-- a.value()
local function value(v)
  if v == NONE then return ERROR end
  return v
end

-- a.hasValue()
local function has_value(v)
  if v == ERROR then return ERROR end
  return v ~= NONE
end

-- a && b
local function both(a, b)
  if a == false or b == false then return false end
  if a == true and b == true then return true end
  return ERROR
end

-- a || b
local function either(a, b)
  if a == true or b == true then return true end
  if a == false and b == false then return false end
  return ERROR
end

-- !a
local function negate(a)
  if type(a) ~= "boolean" then return ERROR end
  return not a
end

-- a ? b : c
local function pick(a, b, c)
  if a == true then return b end
  if a == false then return c end
  return ERROR
end

-- Whether equal numbers may have been different before Lua rounded them.
local function is_rounded(a, b)
  return type(a) == "number" and a == b and (a >= 9007199254740992 or a <= -9007199254740992)
end

-- a == b
local function eq(a, b)
  if a == ERROR or b == ERROR or is_rounded(a, b) then return ERROR end
  if is_plain(a) and is_plain(b) then return ERROR end
  return a == b
end

-- a < b
local function lt(a, b)
  if type(a) ~= type(b) or is_rounded(a, b) then return ERROR end
  if type(a) == "boolean" then return not a and b end
  if type(a) ~= "number" and type(a) ~= "string" then return ERROR end
  return a < b
end

-- a + b, of whole numbers and of text
local function is_whole(n)
  return type(n) == "number" and n % 1 == 0 and n < 9007199254740992 and n > -9007199254740992
end

local function add(a, b)
  if type(a) == "string" and type(b) == "string" then return a .. b end
  if is_whole(a) and is_whole(b) and is_whole(a + b) then return a + b end
  return ERROR
end

-- [a, b]
local function list(...)
  for _, v in ipairs({...}) do
    if v == ERROR then return ERROR end
  end
  return {...}
end

-- a + b, of lists
local function cat(a, b)
  if not is_plain(a) or not is_plain(b) then return ERROR end
  local all = {}
  for _, v in ipairs(a) do table.insert(all, v) end
  for _, v in ipairs(b) do table.insert(all, v) end
  return all
end

-- size(a), of lists and maps
local function size(v)
  if not is_plain(v) then return ERROR end
  local n = 0
  for _ in pairs(v) do n = n + 1 end
  return n
end

-- size(a) where only emptiness matters, which text has too
local function size_or_bytes(v)
  if type(v) == "string" then return #v end
  return size(v)
end

-- a in b
local function within(a, b)
  if a == ERROR or is_plain(a) or not is_plain(b) then return ERROR end
  if b[1] == nil then return type(a) == "string" and b[a] ~= nil end
  local found = false
  for _, v in ipairs(b) do
    local same = eq(a, v)
    if same == true then return true end
    if same == ERROR then found = ERROR end
  end
  return found
end

-- What a loop visits: the elements of a list, the keys of a map.
local function items(v)
  if not is_plain(v) then return nil end
  if v[1] ~= nil then return v end
  local keys = {}
  for key in pairs(v) do table.insert(keys, key) end
  table.sort(keys)
  return keys
end

-- a.exists(x, f)
local function any(v, f)
  local all = items(v)
  if all == nil then return ERROR end
  local result = false
  for _, x in ipairs(all) do
    result = either(result, f(x))
    if result == true then return true end
  end
  return result
end

-- a.all(x, f)
local function every(v, f)
  local all = items(v)
  if all == nil then return ERROR end
  local result = true
  for _, x in ipairs(all) do
    result = both(result, f(x))
    if result == false then return false end
  end
  return result
end

-- Every other loop: go says whether to go on, step makes the next result.
local function fold(v, result, go, step)
  local all = items(v)
  if all == nil then return ERROR end
  for _, x in ipairs(all) do
    if not go(result, x) then return result end
    result = step(result, x)
  end
  return result
end
