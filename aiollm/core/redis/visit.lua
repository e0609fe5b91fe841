-- One visit of a client: it says what it has spent and what it still holds, and gets a lease of what is free.
--
-- KEYS[1]  one hash for each limiter, so that it lies on one node of a cluster and is evicted whole or not at all:
--            facts          epoch, quiet (until when nothing is granted), pause (until when the provider wants none)
--            w:<slot>       what was spent in a slot of the window: requests, tokens, input, output
--            c:<client>     what a client holds (those four, and places of the concurrency), and what it waits for
-- ARGV[1]  the question, in MessagePack: see lease.py. The answer is MessagePack too.
--
-- What is granted never exceeds limit - spent in the window - held by others. Times are the server's, in seconds.

local REQUESTS, TOKENS, RATES, PLACES = 1, 2, 4, 5
local ROUNDING = 1e-6

local key = KEYS[1]
local ask = cmsgpack.unpack(ARGV[1])
local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000
local facts, window, clients = {}, {}, {}

local function read()
    local state = redis.call('HGETALL', key)
    for i = 1, #state, 2 do
        local kind, name = state[i]:match('^(%a):(.*)$')
        if kind == 'w' then
            window[tonumber(name)] = cmsgpack.unpack(state[i + 1])
        elseif kind == 'c' then
            clients[name] = cmsgpack.unpack(state[i + 1])
        else
            facts[state[i]] = state[i + 1]
        end
    end
end

-- A server that was started a moment ago may have known more: who held a lease tells it within the grace.
local function young()
    local told, text = pcall(redis.call, 'INFO', 'server')
    local uptime = told and tonumber(text:match('uptime_in_seconds:(%d+)')) or 0
    return uptime <= ask.period + ask.lease
end

local function begin()
    if facts.epoch then
        return
    end
    facts.epoch = ask.client .. '@' .. clock[1] .. '.' .. clock[2]
    facts.quiet = 0
    if ask.epoch ~= '' or young() then
        facts.quiet = now + ask.grace
    end
    redis.call('HSET', key, 'epoch', facts.epoch, 'quiet', string.format('%.6f', facts.quiet))
end

local function ends(slot)
    return (slot + 1) * ask.slot + ask.period
end

local function book(slot, amounts)
    if ends(slot) <= now then
        return
    end
    local spent = window[slot] or { 0, 0, 0, 0 }
    for d = 1, RATES do
        spent[d] = spent[d] + amounts[d]
    end
    window[slot] = spent
    redis.call('HSET', key, 'w:' .. slot, cmsgpack.pack(spent))
end

local function forget_what_left_the_window()
    for slot in pairs(window) do
        if ends(slot) <= now then
            window[slot] = nil
            redis.call('HDEL', key, 'w:' .. slot)
        end
    end
end

local function save(name, client)
    clients[name] = client
    redis.call('HSET', key, 'c:' .. name, cmsgpack.pack(client))
end

-- Whoever does not come back has spent its lease at the last moment it could; its places are free after `life`.
local function expire_clients()
    for name, client in pairs(clients) do
        local changed = false
        if client.leased and client.leased < now then
            book(math.floor(client.leased / ask.slot), client.holds)
            client.holds = { 0, 0, 0, 0, client.holds[PLACES] }
            client.leased, changed = false, true
        end
        if client.alive < now and client.holds[PLACES] > 0 then
            client.holds[PLACES], changed = 0, true
        end
        if client.alive + ask.period < now then
            clients[name] = nil
            redis.call('HDEL', key, 'c:' .. name)
        elseif changed then
            save(name, client)
        end
    end
end

local function spent_in_window()
    local sum = { 0, 0, 0, 0, 0 }
    for _, amounts in pairs(window) do
        for d = 1, RATES do
            sum[d] = sum[d] + amounts[d]
        end
    end
    return sum
end

-- Returns what is taken, how many take part, and whether another waits. Who has waited longer has its need reserved.
local function taken_by_others(own, spent)
    local taken, parties, waiting = spent, 1, false
    for name, client in pairs(clients) do
        if name ~= ask.client then
            local here = client.seen + ask.lease >= now
            local waits = here and client.ticket > 0
            local first = waits and (own.ticket == 0 or client.ticket < own.ticket)
            for d = 1, PLACES do
                taken[d] = taken[d] + client.holds[d] + (first and client.need[d] or 0)
            end
            parties = parties + ((here or client.holds[PLACES] > 0) and 1 or 0)
            waiting = waiting or waits
        end
    end
    return taken, parties, waiting
end

-- How long until so much of one kind has left the window; nil where the window does not hold as much.
local function leaves_window(kind, amount)
    local slots = {}
    for slot in pairs(window) do
        slots[#slots + 1] = slot
    end
    table.sort(slots)
    for i = 1, #slots do
        amount = amount - window[slots[i]][kind]
        if amount <= ROUNDING then
            return ends(slots[i]) - now
        end
    end
    return nil
end

-- How long until it is of use to come again for what is missing; a part of the lease where others hold it.
local function wait_for(missing)
    local longest = ask.lease / 16
    for d = 1, PLACES do
        if missing[d] > ROUNDING then
            local wait = d <= RATES and leaves_window(d, missing[d]) or ask.lease / 8
            longest = math.max(longest, wait)
        end
    end
    return math.min(longest, ask.lease / 2)
end

-- How long the window alone has no room for what is needed, whatever others hold beside it.
local function room_in(spent)
    local longest = 0
    for d = 1, RATES do
        local over = ask.limits[d] >= 0 and spent[d] + ask.need[d] - ask.limits[d] or 0
        if over > ROUNDING then
            longest = math.max(longest, leaves_window(d, over) or 0)
        end
    end
    return longest
end

-- Returns what is held from now on, or nothing and how long to wait for it, and whether it is places that lack.
local function grant(taken, parties, quiet)
    if quiet > 0 then
        return not ask.hungry and ask.need, math.min(quiet, ask.lease / 2)
    end
    local share, missing, fits = 1, { 0, 0, 0, 0, 0 }, true
    for d = 1, PLACES do
        if ask.limits[d] >= 0 then
            local free, more = ask.limits[d] - taken[d], ask.want[d] - ask.need[d]
            missing[d] = ask.need[d] - free
            fits = fits and missing[d] <= ROUNDING
            if more > 0 then
                share = math.min(share, math.max(0, free - ask.need[d]) / parties / more)
            end
        end
    end
    if ask.hungry and not fits then
        return nil, wait_for(missing), missing[PLACES] > ROUNDING
    end
    local holds = {}
    for d = 1, PLACES do
        holds[d] = ask.need[d] + share * (ask.want[d] - ask.need[d])
    end
    holds[PLACES] = math.floor(holds[PLACES] + ROUNDING)
    return holds, 0
end

local function book_spends(own)
    for _, batch in ipairs(ask.batches) do
        if batch[1] > own.sequence then
            for _, entry in ipairs(batch[2]) do
                book(entry[1], entry[2])
            end
            own.sequence = batch[1]
        end
    end
end

local function note_pause()
    if ask.pause > 0 and now + ask.pause > tonumber(facts.pause or 0) then
        facts.pause = now + ask.pause
        redis.call('HSET', key, 'pause', string.format('%.6f', facts.pause))
    end
    return math.max(0, tonumber(facts.pause or 0) - now)
end

read()
begin()
if ask.epoch ~= facts.epoch and ask.epoch ~= '' then
    return cmsgpack.pack({ epoch = facts.epoch, known = false, now = now })
end
forget_what_left_the_window()
expire_clients()

local own = clients[ask.client] or { sequence = 0, ticket = 0 }
book_spends(own)
if not ask.hungry then
    own.ticket = 0
elseif own.ticket == 0 then
    own.ticket = now
end
local spent = spent_in_window()
local requests, tokens, room = spent[REQUESTS], spent[TOKENS], room_in(spent)
local taken, parties, waiting = taken_by_others(own, spent)
local quiet = math.max(0, tonumber(facts.quiet) - now)
local holds, wait, full = grant(taken, parties, quiet)

if holds then
    own.ticket = 0
else
    holds = ask.keep
end
own.holds, own.seen, own.leased, own.alive = holds, now, now + ask.lease, now + ask.life
own.need = {}
for d = 1, PLACES do
    own.need[d] = ask.need[d] - ask.keep[d]
end
save(ask.client, own)
if ask.leaving then
    redis.call('HDEL', key, 'c:' .. ask.client)
end
redis.call('PEXPIRE', key, math.ceil(2000 * (ask.period + ask.life)))
return cmsgpack.pack({
    epoch = facts.epoch,
    known = true,
    now = now,
    holds = holds,
    wait = wait,
    room = room,
    full = full or false,
    quiet = quiet,
    parties = parties,
    waiting = waiting,
    spent = { requests, tokens },
    pause = note_pause(),
})
