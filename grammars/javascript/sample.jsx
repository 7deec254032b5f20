'use strict';

import React, { useState } from 'react';
import * as store from './store.js';
export { open } from './open.js';
const fs = require('node:fs');
const { join } = require('node:path');

/** How long to wait, in ms. */
export const TIMEOUT = 250;

let counter = 0, started;

/**
 * Keeps a list of birds.
 */
export class Aviary extends store.Base {
  #birds = [];

  static defaults = { size: 3 };

  handle = (event) => {
    this.add(event.detail);
  };

  constructor(name) {
    super(name);
  }

  get size() { return this.#birds.length; }

  // Adds one bird.
  async add(bird) {
    const check = (b) => b.wings === 2;
    if (check(bird)) this.#birds.push(bird);
  }
}

export default function Nest({ birds }) {
  const [open, setOpen] = useState(false);
  const toggle = () => setOpen(!open);

  return (
    <Frame onClick={toggle}>
      {birds.map((bird) => <Bird key={bird.id} {...bird} />)}
    </Frame>
  );
}

export const Memo = React.memo(function Inner(props) {
  return <Nest {...props} />;
});

function* ids() {
  yield counter++;
}

const later = async (ms = TIMEOUT) => {
  await new Promise((done) => setTimeout(done, ms));
};

exports.load = function load(path) {
  return JSON.parse(fs.readFileSync(join('.', path)));
};

Aviary.prototype.close = Aviary.prototype.shut = function () {};

module.exports = {
  meta: { type: 'bird' },

  create(context) {
    function report(node) {
      context.report(node);
    }

    return {
      Identifier: report,
      'Program:exit': function () { ids(); },
    };
  },
};

(function (root) {
  function sing() {
    return root.song;
  }
  root.sing = sing;
})(globalThis);

describe('an aviary', () => {
  it('grows', async () => {
    const aviary = new Aviary('a');
    await aviary.add({ wings: 2 });
  });
});

ruleTester.run('two-wings', rule, {
  valid: ['const wings = 2'],
  invalid: [{ code: 'const wings = 3', errors: 1 }],
});
