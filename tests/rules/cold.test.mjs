// The same rules when no run is kept in memory: each resume is a replay.
process.env.KHUNG_CACHE_RUNS = '0';
await import('./rules.test.mjs');
