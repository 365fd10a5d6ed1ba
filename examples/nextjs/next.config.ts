import type { NextConfig } from "next";

const config: NextConfig = {
  // This folder is a project of its own, also inside of a repository that has other lock files.
  turbopack: { root: import.meta.dirname },
};

export default config;
