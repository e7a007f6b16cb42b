export { createChartRepositories } from './chart-repositories.ts';
