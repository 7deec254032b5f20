# frozen_string_literal: true

require "json"
require_relative "garden/plot"

# Plants and how they grow.
module Garden
  SEASONS = %w[spring summer].freeze
  Seed = Struct.new(:name, :depth) do
    def to_s = name.to_s
  end

  class Error < StandardError; end

  # A bed of plants.
  class Bed < Plot::Base
    include Enumerable
    extend Forwardable

    attr_reader :plants

    def initialize(size:,
                   plants: [])
      @size = size
      @plants = plants
    end

    # Walks over the plants.
    def each(&block)
      return enum_for(:each) unless block

      @plants.each(&block)
    end

    def <<(plant)
      raise Error, "full" if full?

      @plants << plant
      self
    end

    def full? = @plants.size >= @size

    class << self
      def from_json(text)
        new(**JSON.parse(text, symbolize_names: true))
      end
    end

    def self.empty
      new(size: 0)
    end

    define_method(:water) do |litres|
      @plants.each { |plant| plant.drink(litres) }
    end

    alias_method :size, :count
    alias add <<

    private

    def secret; end
  end
end

class Garden::Shed
  scope :open, -> { where(open: true) }
end

namespace :garden do
  desc "Waters all beds"
  task water: :environment do
    Garden::Bed.empty.water(3)
  end
end

RSpec.describe Garden::Bed do
  let(:bed) { described_class.new(size: 2) }

  describe "#<<" do
    it "adds a plant" do
      expect((bed << :rose).plants).to eq([:rose])
    end
  end
end

def test_top
  assert Garden::SEASONS.any?
end
