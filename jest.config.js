import { availableParallelism } from 'node:os'

export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: {
    '^membergate$': '<rootDir>/src/index.ts',
    '^membergate/(.*)$': '<rootDir>/src/$1.ts'
  },
  transform: {
    '\\.ts$': [
      '@swc/jest',
      { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'es6' } }
    ]
  },
  testSequencer: '<rootDir>/test/support/longest-first.js',
  globalSetup: '<rootDir>/test/support/run-folder.js',
  testTimeout: 30_000,
  // Suites wait as much as they work, for another thread or a server, so that each processor has time for more than one.
  maxWorkers: Math.ceil(availableParallelism() * 1.5),
  reporters: [
    'default',
    '<rootDir>/test/support/skipped-reporter.js',
    '<rootDir>/test/support/answered-reporter.js'
  ]
}
